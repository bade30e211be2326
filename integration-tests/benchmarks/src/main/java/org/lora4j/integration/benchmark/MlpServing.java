/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.RowNetwork;
import org.lora4j.serve.AdapterServer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A network of Deeplearning4j, 784-2048-2048-10, whose rows of a batch of 32 have different adapters of 100, beside the
 * base and one adapter.
 */
final class MlpServing {

    static final String BASE = "the base";
    static final String ONE = "one adapter, AdaptedNetwork";
    static final String ONE_SERVED = "one adapter, server";
    static final String MIXED = "32 adapters of 100, server";

    private static final long[][] LAYERS = {{784, 2048}, {2048, 2048}, {2048, 10}};
    private static final int RANK = 8;
    private static final int BATCH = 32;
    private static final int ADAPTERS = 100;

    private final SplittableRandom random = new SplittableRandom(1);
    private final MultiLayerNetwork network = network();

    /** What takes turns. */
    Map<String, Callable<Map<String, INDArray>>> contenders() {
        Map<String, INDArray> batch = Map.of(RowNetwork.INPUT, values(1, BATCH, LAYERS[0][0]));
        AdapterServer server = AdapterServer.builder(network).example(batch).build();
        List<String> different = new ArrayList<>();
        for (int i = 0; i < ADAPTERS; i++) {
            server.register("a" + i, adapter());
        }
        for (int row = 0; row < BATCH; row++) {
            different.add("a" + row * ADAPTERS / BATCH);
        }
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(network);
        model.addAdapter("one", adapter());
        model.activate("one");
        MultiLayerNetwork alone = model.network();
        Map<String, Callable<Map<String, INDArray>>> contenders = new LinkedHashMap<>();
        contenders.put(BASE, () -> server.output(batch, Collections.nCopies(BATCH, AdapterServer.BASE)));
        contenders.put(ONE, () -> Map.of(RowNetwork.OUTPUT, alone.output(batch.get(RowNetwork.INPUT))));
        contenders.put(ONE_SERVED, () -> server.output(batch, Collections.nCopies(BATCH, "a0")));
        contenders.put(MIXED, () -> server.output(batch, different));
        return contenders;
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .dataType(DataType.FLOAT)
                .activation(Activation.RELU)
                .list()
                .layer(new DenseLayer.Builder().nOut((int) LAYERS[0][1]).build())
                .layer(new DenseLayer.Builder().nOut((int) LAYERS[1][1]).build())
                .layer(new OutputLayer.Builder()
                        .nOut((int) LAYERS[2][1])
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.feedForward(LAYERS[0][0]))
                .build());
        network.init();
        return network;
    }

    private Adapter adapter() {
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        for (int layer = 0; layer < LAYERS.length; layer++) {
            modules.put(
                    String.valueOf(layer),
                    Map.of(
                            "lora_A.weight", values(0.05, RANK, LAYERS[layer][0]),
                            "lora_B.weight", values(0.05, LAYERS[layer][1], RANK)));
        }
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .alpha(2 * RANK)
                .targetModules("0", "1", "2")
                .build();
        return Adapter.of(config, modules, Map.of());
    }

    private INDArray values(double scale, long... shape) {
        float[] values = new float[(int) (shape[0] * shape[1])];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (scale * (2 * random.nextDouble() - 1));
        }
        return Nd4j.create(values, shape, 'c');
    }
}
