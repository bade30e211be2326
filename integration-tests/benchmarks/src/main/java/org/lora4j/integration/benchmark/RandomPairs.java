/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderPart;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Pairs of rank 8 with random values on all linear layers of a decoder, for whoever computes with them. */
final class RandomPairs {

    static final int RANK = 8;

    private static final double SPREAD = 0.02;

    /**
     * A pair.
     *
     * @param a {@code [rank, inputs]}
     * @param b {@code [outputs, rank]}
     */
    record Pair(float[] a, float[] b) {}

    private final DecoderConfig config;
    private final Random random;
    private final Map<String, Pair> pairs = new LinkedHashMap<>();

    private RandomPairs(DecoderConfig config, long seed) {
        this.config = config;
        this.random = new Random(seed);
    }

    /** The pairs by module. */
    static Map<String, Pair> of(DecoderConfig config, long seed) {
        RandomPairs made = new RandomPairs(config, seed);
        int queries = config.heads() * config.headSize();
        int keys = config.keyHeads() * config.headSize();
        for (int layer = 0; layer < config.layers().size(); layer++) {
            made.add(DecoderPart.QUERY, layer, queries, config.hidden());
            made.add(DecoderPart.KEY, layer, keys, config.hidden());
            made.add(DecoderPart.VALUE, layer, keys, config.hidden());
            made.add(DecoderPart.ATTENTION_OUTPUT, layer, config.hidden(), queries);
            made.add(DecoderPart.GATE, layer, config.intermediate(), config.hidden());
            made.add(DecoderPart.UP, layer, config.intermediate(), config.hidden());
            made.add(DecoderPart.DOWN, layer, config.hidden(), config.intermediate());
        }
        return made.pairs;
    }

    private void add(DecoderPart part, int layer, int outputs, int inputs) {
        pairs.put(config.module(part, layer), new Pair(normal(RANK * inputs), normal(outputs * RANK)));
    }

    private float[] normal(int count) {
        float[] values = new float[count];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (SPREAD * random.nextGaussian());
        }
        return values;
    }

    /** The same as an adapter. */
    static Adapter adapter(DecoderConfig config, double alpha, long seed) {
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        List<String> targets = new ArrayList<>();
        of(config, seed).forEach((module, pair) -> {
            modules.put(
                    module,
                    Map.of(
                            "lora_A.weight", array(pair.a(), RANK, pair.a().length / RANK),
                            "lora_B.weight", array(pair.b(), pair.b().length / RANK, RANK)));
            String last = module.substring(module.lastIndexOf('.') + 1);
            if (!targets.contains(last)) {
                targets.add(last);
            }
        });
        LoraConfig lora = LoraConfig.builder()
                .rank(RANK)
                .alpha(alpha)
                .targetModules(targets.toArray(String[]::new))
                .build();
        return Adapter.of(lora, modules, Map.of());
    }

    private static INDArray array(float[] values, int rows, int columns) {
        return Nd4j.create(values, new long[] {rows, columns}, 'c');
    }
}
