/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.MemoryMode;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A perceptron 784-2048-2048-10 of Deeplearning4j: stock, and with adapters of rank 8 on both hidden layers. */
final class MlpTeam {

    static final int INPUTS = 784;
    static final int HIDDEN = 2048;
    static final int CLASSES = 10;
    static final List<Integer> BATCHES = List.of(256, 32);

    private static final int STEPS = 4;

    private MlpTeam() {}

    static String key(String way, int batch) {
        return "mlp." + way + batch;
    }

    static List<Contender> contenders(Predicate<String> wanted) {
        List<Contender> contenders = new ArrayList<>();
        for (int batch : BATCHES) {
            DataSet data = data(batch);
            Map<String, MultiLayerNetwork> networks = new LinkedHashMap<>();
            networks.put("stock", network());
            networks.put("inView", adapted(MemoryMode.IN_VIEW).network());
            networks.put("lowMemory", lowMemory().network());
            networks.forEach((way, network) -> {
                String key = key(way, batch);
                if (wanted.test(key)) {
                    String label = String.format(Locale.ROOT, "Deeplearning4j %s, batch %d, step", way, batch);
                    contenders.add(Contender.timed(key, label, STEPS, () -> network.fit(data)));
                }
            });
        }
        return contenders;
    }

    static AdaptedNetwork<MultiLayerNetwork> lowMemory() {
        return adapted(MemoryMode.LOW_MEMORY);
    }

    private static AdaptedNetwork<MultiLayerNetwork> adapted(MemoryMode mode) {
        LoraConfig config = LoraConfig.builder()
                .rank(MiniLmModels.RANK)
                .alpha(2 * MiniLmModels.RANK)
                .targetModules("fc1", "fc2")
                .build();
        return Lora.inject(network(), config, MiniLmModels.SEED, mode);
    }

    private static MultiLayerNetwork network() {
        return network(INPUTS);
    }

    static MultiLayerNetwork network(int inputs) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(MiniLmModels.SEED)
                .updater(new Adam(MiniLmModels.RATE))
                .list()
                .layer(dense("fc1", inputs))
                .layer(dense("fc2", HIDDEN))
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nIn(HIDDEN)
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        network.init();
        return network;
    }

    private static DenseLayer dense(String name, int inputs) {
        return new DenseLayer.Builder()
                .name(name)
                .nIn(inputs)
                .nOut(HIDDEN)
                .activation(Activation.RELU)
                .build();
    }

    static DataSet data(int batch) {
        SplittableRandom random = new SplittableRandom(MiniLmModels.SEED);
        float[][] features = new float[batch][INPUTS];
        INDArray labels = Nd4j.zeros(DataType.FLOAT, batch, CLASSES);
        for (int row = 0; row < batch; row++) {
            for (int i = 0; i < INPUTS; i++) {
                features[row][i] = (float) random.nextDouble(-1, 1);
            }
            labels.putScalar(row, random.nextInt(CLASSES), 1);
        }
        return new DataSet(Nd4j.createFromArray(features), labels);
    }
}
