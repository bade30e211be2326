/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.Scaling;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A small encoder with flattened rows as a transformer has them, and random adapters for it: ids, an embedding, two linear
 * layers (one of them applied twice), a mean over positions, a head with a bias.
 */
final class ServedGraph {

    static final String OUTPUT = "logits";
    static final String IDS = "ids";
    static final int VOCABULARY = 20;
    static final int WIDTH = 6;
    static final int INNER = 5;
    static final int CLASSES = 3;

    private ServedGraph() {}

    static SameDiff base() {
        SplittableRandom random = new SplittableRandom(1);
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder(IDS, DataType.INT32, -1, -1);
        SDVariable table = graph.constant("words.weight", values(random, 1, VOCABULARY, WIDTH));
        SDVariable x = graph.reshape(graph.gather(table, ids, 0), -1, WIDTH);
        for (int use = 0; use < 2; use++) {
            SDVariable up = graph.hasVariable("up.weight")
                    ? graph.getVariable("up.weight")
                    : graph.constant("up.weight", values(random, 0.4, WIDTH, INNER));
            SDVariable bias = graph.hasVariable("up.bias")
                    ? graph.getVariable("up.bias")
                    : graph.constant("up.bias", values(random, 0.4, INNER));
            SDVariable down = graph.hasVariable("down.weight")
                    ? graph.getVariable("down.weight")
                    : graph.constant("down.weight", values(random, 0.4, WIDTH, INNER));
            SDVariable inner = graph.math().tanh(x.mmul(up).add(bias));
            // The weight lies [out, in] here.
            x = x.add(graph.mmul(inner, down, false, true, false));
        }
        SDVariable length = graph.sizeAt(ids, 1);
        SDVariable shape = graph.concat(
                0,
                graph.constant(Nd4j.createFromArray(-1L)),
                graph.reshape(length, 1),
                graph.constant(Nd4j.createFromArray((long) WIDTH)));
        SDVariable pooled = graph.reshape(x, shape).mean(1);
        SDVariable weight = graph.constant("head.weight", values(random, 0.4, WIDTH, CLASSES));
        SDVariable headBias = graph.constant("head.bias", values(random, 0.4, CLASSES));
        pooled.mmul(weight).add(OUTPUT, headBias);
        return graph;
    }

    static INDArray values(SplittableRandom random, double scale, long... shape) {
        INDArray values = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < values.length(); i++) {
            values.putScalar(i, scale * (2 * random.nextDouble() - 1));
        }
        return values;
    }

    static INDArray ids(SplittableRandom random, int rows, int length) {
        int[][] ids = new int[rows][length];
        for (int[] row : ids) {
            for (int i = 0; i < length; i++) {
                row[i] = random.nextInt(VOCABULARY);
            }
        }
        return Nd4j.createFromArray(ids);
    }

    static Map<String, INDArray> example() {
        return Map.of(IDS, ids(new SplittableRandom(7), 3, 4));
    }

    static GraphServerBuilder server() {
        return AdapterServer.builder(base()).outputs(OUTPUT).example(example());
    }

    /** A random adapter: rank, modules, scaling rule, head and bias on B differ. */
    static Adapter random(SplittableRandom random) {
        List<List<String>> choices = List.of(List.of("up"), List.of("down"), List.of("up", "down"));
        List<String> targets = choices.get(random.nextInt(choices.size()));
        boolean head = random.nextBoolean();
        boolean bias = random.nextInt(4) == 0;
        int rank = 1 + random.nextInt(4);
        LoraConfig.Builder config = LoraConfig.builder()
                .rank(rank)
                .alpha(1 + random.nextInt(8))
                .scalingRule(random.nextBoolean() ? Scaling.RANK_STABILIZED : Scaling.STANDARD)
                .loraBias(bias)
                .targetModules(targets.toArray(new String[0]));
        if (head) {
            config.modulesToSave("head");
        }
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        for (String target : targets) {
            long in = target.equals("up") ? WIDTH : INNER;
            long out = target.equals("up") ? INNER : WIDTH;
            Map<String, INDArray> factors = new LinkedHashMap<>();
            factors.put("lora_A.weight", values(random, 0.5, rank, in));
            factors.put("lora_B.weight", values(random, 0.5, out, rank));
            if (bias) {
                factors.put("lora_B.bias", values(random, 0.5, out));
            }
            modules.put(target, factors);
        }
        Map<String, INDArray> saved = head
                ? Map.of(
                        "head.weight", values(random, 0.5, CLASSES, WIDTH),
                        "head.bias", values(random, 0.5, CLASSES))
                : Map.of();
        return Adapter.of(config.build(), modules, saved);
    }

    /** What the base computes with one adapter, or without one for null. */
    static INDArray expected(SameDiff base, Adapter adapter, INDArray ids) {
        AdaptedSameDiff model = AdaptedSameDiff.of(base);
        if (adapter != null) {
            model.addAdapter("a", adapter);
            model.activate("a");
        }
        return model.output(Map.of(IDS, ids), OUTPUT).get(OUTPUT);
    }

    /** This graph as one of several kinds of bases. */
    static ServedHost host() {
        return new ServedHost() {
            private final SameDiff base = base();

            @Override
            public GraphServerBuilder server() {
                return ServedGraph.server();
            }

            @Override
            public Map<String, INDArray> inputs(SplittableRandom random, int rows) {
                return Map.of(IDS, ids(random, rows, 3));
            }

            @Override
            public Map<String, INDArray> expected(Adapter adapter, Map<String, INDArray> inputs) {
                return Map.of(OUTPUT, ServedGraph.expected(base, adapter, inputs.get(IDS)));
            }

            @Override
            public Adapter random(SplittableRandom random) {
                return ServedGraph.random(random);
            }
        };
    }
}
