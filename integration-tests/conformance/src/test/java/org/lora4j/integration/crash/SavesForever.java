/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.crash;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A program that saves two adapters in turn to each of several directories until it is killed.
 *
 * <p>One thread for each directory: the start of a JVM costs more than hundreds of saves, and a kill stops every thread
 * wherever it is.
 */
public final class SavesForever {

    static final String READY = "ready";

    private SavesForever() {}

    public static void main(String[] directories) {
        Adapter[] adapters = {adapter(1), adapter(2)};
        for (String directory : directories) {
            new Thread(() -> alternate(adapters, Path.of(directory))).start();
        }
        System.out.println(READY);
    }

    private static void alternate(Adapter[] adapters, Path directory) {
        try {
            for (int turn = 0; ; turn++) {
                adapters[turn % 2].save(directory);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Adapters of different rank: files of one with those of the other do not fit together. */
    static Adapter adapter(int number) {
        int rank = 4 * number;
        LoraConfig config = LoraConfig.builder()
                .rank(rank)
                .alpha(number)
                .targetModules("query", "value")
                .build();
        INDArray a = Nd4j.valueArrayOf(new long[] {rank, 512}, (double) number, DataType.FLOAT);
        INDArray b = Nd4j.valueArrayOf(new long[] {256, rank}, (double) -number, DataType.FLOAT);
        Map<String, INDArray> factors = Map.of("lora_A.weight", a, "lora_B.weight", b);
        return Adapter.of(config, Map.of("query", factors, "value", factors), Map.of());
    }
}
