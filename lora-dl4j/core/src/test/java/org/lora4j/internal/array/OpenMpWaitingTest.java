/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** In processes of their own, started as a user starts Java: tests have one thread of OpenMP, which waits for nobody. */
class OpenMpWaitingTest {

    private static final int OPS = 200;
    private static final int ELEMENTS = 100_000;

    /** What is spent while nothing is done, a sleep of a millisecond between two ops, is less than a third of before. */
    @Test
    void threadsOfOpenMp_sleepWhileTheyWait() throws Exception {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "OpenMP is GNU's on Linux");
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "one processor has no team");

        double[] spent = told(null);

        assertThat(spent[0]).as("seconds while others spin").isGreaterThan(3 * spent[1]);
    }

    @Test
    void policyOfTheEnvironment_isLeftAsItIs() throws Exception {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "OpenMP is GNU's on Linux");
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "one processor has no team");

        double[] spent = told("ACTIVE");

        assertThat(spent[1]).as("seconds with ACTIVE, as before").isGreaterThan(spent[0] / 3);
        assertThat(spent[2]).as("threads that keep others asleep").isZero();
    }

    private static double[] told(String policy) throws IOException, InterruptedException {
        ProcessBuilder java = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Spent.class.getName());
        java.environment().keySet().removeIf(name -> name.startsWith("OMP_") || name.startsWith("GOMP_"));
        if (policy != null) {
            java.environment().put("OMP_WAIT_POLICY", policy);
        }
        java.redirectError(ProcessBuilder.Redirect.INHERIT);
        Process process = java.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        String[] words = said.substring(said.lastIndexOf("spent ")).trim().split(" ");
        return new double[] {Double.parseDouble(words[1]), Double.parseDouble(words[2]), Double.parseDouble(words[3])};
    }

    /** Tells processor time before and after. */
    static final class Spent {
        private Spent() {}

        public static void main(String[] args) throws InterruptedException {
            try (INDArray x = Nd4j.create(DataType.FLOAT, ELEMENTS)) {
                seconds(x);
                double before = seconds(x);
                OpenMpWaiting.makePassive();
                double after = seconds(x);
                long keepers = Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().equals("lora4j-openmp"))
                        .count();
                System.out.println("spent " + before + " " + after + " " + keepers);
            }
        }

        private static double seconds(INDArray x) throws InterruptedException {
            var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            long from = system.getProcessCpuTime();
            for (int i = 0; i < OPS; i++) {
                x.addi(1);
                Thread.sleep(1);
            }
            return (system.getProcessCpuTime() - from) / 1e9;
        }
    }
}
