/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SteadyMemoryTest {

    private static final int ROWS = 64;
    private static final int WIDTH = 128;
    private static final int EARLY = 200;
    private static final int STEPS = 2000;

    /** A heap that is in memory as a whole from the start, and a C library that gives back what is freed. */
    private static final List<String> OPTIONS = List.of(
            "-Xms96m",
            "-Xmx96m",
            "-XX:+AlwaysPreTouch",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dorg.bytedeco.javacpp.maxbytes=1G",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=3G",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");

    private static final Map<String, String> ENVIRONMENT = Map.of("OMP_NUM_THREADS", "1", "MALLOC_ARENA_MAX", "1");

    /** One activation of 32 KiB that is forgotten in each step would be 59 MB. */
    private static final double MOST_BYTES = 24e6;

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "the memory of a process is read from /proc")
    void steps_byTheThousand_takeNoMoreMemory() throws IOException {
        Map<String, Double> told = ChildJava.run(Steps.class, OPTIONS, List.of(), ENVIRONMENT);

        assertThat(told.get("end") - told.get("early")).isLessThan(MOST_BYTES);
    }

    /** The process: many steps of a small adapted graph with products, an activation, a norm and a softmax. */
    static final class Steps {

        private Steps() {}

        public static void main(String[] args) {
            AdaptedSameDiff model = Lora.inject(
                    graph(),
                    LoraConfig.builder()
                            .rank(2)
                            .alpha(2)
                            .targetModules("fc1", "fc2")
                            .build(),
                    1);
            Map<String, INDArray> batch = Map.of("x", random(ROWS, WIDTH), "labels", random(ROWS, WIDTH));
            GraphExecutor executor = model.executor();
            for (int step = 1; step <= STEPS; step++) {
                executor.gradients(batch, step).gradients().values().forEach(INDArray::close);
                if (step == EARLY) {
                    ChildJava.tell("early", ProcessMemory.resident());
                }
            }
            ChildJava.tell("end", ProcessMemory.resident());
        }

        private static SameDiff graph() {
            SameDiff sd = SameDiff.create();
            SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, WIDTH);
            SDVariable labels = sd.placeHolder("labels", DataType.FLOAT, -1, WIDTH);
            SDVariable hidden = x.mmul(sd.constant("fc1.weight", random(WIDTH, WIDTH)));
            SDVariable bent = sd.nn().softmax(sd.nn().tanh(hidden), 1);
            SDVariable y = bent.mmul(sd.constant("fc2.weight", random(WIDTH, WIDTH)));
            SDVariable error = y.sub(labels);
            error.mul(error).mean("loss");
            sd.setLossVariables("loss");
            return sd;
        }

        private static INDArray random(int rows, int columns) {
            SplittableRandom random = new SplittableRandom(1);
            float[] values = new float[rows * columns];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextDouble(-0.1, 0.1);
            }
            return Nd4j.create(values, new long[] {rows, columns}, 'c');
        }
    }
}
