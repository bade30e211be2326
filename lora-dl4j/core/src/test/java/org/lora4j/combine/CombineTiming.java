/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;

/** Seconds for one module of two adapters by size, rank and algorithm. Not a test; run {@link #main}. */
final class CombineTiming {

    private CombineTiming() {}

    public static void main(String[] args) {
        int side = args.length == 0 ? 1024 : Integer.parseInt(args[0]);
        int rank = args.length < 2 ? 16 : Integer.parseInt(args[1]);
        Adapter a = adapter(1, side, rank);
        Adapter b = adapter(2, side, rank);
        for (CombineAlgorithm algorithm : CombineAlgorithm.values()) {
            Combine combine = Combine.of(a, b)
                    .weights(0.7, 0.4)
                    .algorithm(algorithm)
                    .density(0.5)
                    .seed(1)
                    .peftCompatible();
            combine.combine();
            long start = System.nanoTime();
            combine.combine();
            System.out.println(String.format(
                    Locale.ROOT,
                    "%s %d x %d, rank %d: %.3f s",
                    algorithm,
                    side,
                    side,
                    rank,
                    (System.nanoTime() - start) / 1e9));
        }
    }

    private static Adapter adapter(long seed, int side, int rank) {
        SplittableRandom random = RandomStreams.of(seed, "timing");
        LoraConfig config =
                LoraConfig.builder().rank(rank).alpha(rank).targetModules("fc").build();
        return Adapter.of(
                config,
                Map.of(
                        "fc",
                        TestAdapters.linear(
                                RandomStreams.normal(random, 1, DataType.FLOAT, rank, side),
                                RandomStreams.normal(random, 1, DataType.FLOAT, side, rank))),
                Map.of());
    }
}
