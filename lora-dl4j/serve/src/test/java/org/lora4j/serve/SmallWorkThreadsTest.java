/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** In a process of its own, started as a user starts Java: tests have one thread of OpenMP. */
class SmallWorkThreadsTest {

    private static final int WIDTH = 512;
    /** Of which a product is 17 million operations, too few for two threads. */
    private static final int FEW = 32;

    private static final int MANY = 256;

    @Test
    void smallWork_leavesTeamsOfOpenMpUnused() throws Exception {
        assumeTrue(Files.isDirectory(Path.of("/proc/self/task")), "threads have names there");
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "one processor has no team");
        ProcessBuilder java = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Doors.class.getName());
        java.environment().keySet().removeIf(name -> name.startsWith("OMP_"));
        java.redirectError(ProcessBuilder.Redirect.INHERIT);
        Process process = java.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).isZero();
        assertThat(said).contains("small output 1, server 1, ");
        // Otherwise the two before would prove nothing.
        assertThat(said).doesNotContain("op of ND4J 1.");
    }

    /** Tells how many threads there are of a name after some work: those of a team have that of the thread they belong to. */
    static final class Doors {
        private Doors() {}

        public static void main(String[] args) throws Exception {
            SameDiff graph = SameDiff.create();
            SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, WIDTH);
            graph.math.tanh(
                    "y",
                    x.mmul(graph.var(
                            "w", Nd4j.rand(DataType.FLOAT, WIDTH, WIDTH).divi(WIDTH))));
            GraphExecutor executor = SameDiffExecutor.forInference(graph).fastest();
            AdapterServer server = AdapterServer.builder(graph)
                    .outputs("y")
                    .example(Map.of("x", Nd4j.rand(DataType.FLOAT, 2, WIDTH)))
                    .build();
            INDArray few = Nd4j.rand(DataType.FLOAT, FEW, WIDTH);
            INDArray many = Nd4j.rand(DataType.FLOAT, MANY, WIDTH);
            System.out.println("small output "
                    + threads("small", () -> executor.output(Map.of("x", few), List.of("y")))
                    + ", server "
                    + threads(
                            "server",
                            () -> server.output(Map.of("x", many), Collections.nCopies(MANY, AdapterServer.BASE)))
                    + ", op of ND4J " + threads("op", () -> many.addi(1)) + ".");
        }

        /** Some work. */
        @FunctionalInterface
        private interface Work {
            Object run() throws IOException;
        }

        private static long threads(String name, Work work) throws Exception {
            FutureTask<Long> task = new FutureTask<>(() -> {
                work.run();
                try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
                    return threads.filter(thread -> name(thread).equals("door-" + name))
                            .count();
                }
            });
            new Thread(task, "door-" + name).start();
            return task.get();
        }

        private static String name(Path thread) {
            try {
                return Files.readString(thread.resolve("comm")).trim();
            } catch (IOException e) {
                return "";
            }
        }
    }
}
