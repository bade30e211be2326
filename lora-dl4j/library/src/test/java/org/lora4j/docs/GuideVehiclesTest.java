/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.continual.Route;
import org.lora4j.continual.TaskRouter;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The examples of docs/examples/vehicles.md, and an adapter for each example of docs/dl4j.md. */
class GuideVehiclesTest {

    private static final int EXAMPLES = 64;

    @TempDir
    private Path folder;

    /** What the last hidden layer makes of pictures. */
    private static INDArray features(MultiLayerNetwork network, INDArray pictures) {
        return network.feedForwardToLayer(network.getnLayers() - 2, pictures).get(network.getnLayers() - 1);
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Adam(0.02))
                .activation(Activation.TANH)
                .list()
                .layer(new DenseLayer.Builder().name("fc").nIn(8).nOut(16).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("out")
                        .activation(Activation.SOFTMAX)
                        .nIn(16)
                        .nOut(3)
                        .build())
                .build());
        network.init();
        return network;
    }

    /** The class of an example is the largest of its first three features; the last feature is {@code light}. */
    private static DataSet signs(String stream, double light) {
        INDArray features = RandomStreams.normal(RandomStreams.of(3, stream), 1, DataType.FLOAT, EXAMPLES, 8);
        features.getColumn(7).assign(light);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, EXAMPLES, 3);
        for (int i = 0; i < EXAMPLES; i++) {
            int largest = 0;
            for (int j = 1; j < 3; j++) {
                largest = features.getDouble(i, j) > features.getDouble(i, largest) ? j : largest;
            }
            labels.putScalar(i, light < 0 ? 2 - largest : largest, 1);
        }
        return new DataSet(features, labels);
    }

    @Test
    void anAdapterForEachPicture() throws IOException {
        MultiLayerNetwork base = network();
        DataSet day = signs("day", 2);
        DataSet night = signs("night", -2);
        for (int step = 0; step < 60; step++) {
            base.fit(day);
        }
        LoraConfig config =
                LoraConfig.builder().rank(4).alpha(8).targetModules("fc", "out").build();
        Path directory = folder.resolve("night");
        INDArray pictures = Nd4j.vstack(
                day.getFeatures().getRow(0, true), night.getFeatures().getRow(0, true));

        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(base, config, 42);
        for (int epoch = 0; epoch < 80; epoch++) {
            model.network().fit(night); // the base stays as it is
        }
        TaskRouter router = TaskRouter.mahalanobis(0.1)
                .with(AdaptedNetwork.BASE, features(base, day.getFeatures()))
                .with("default", features(base, night.getFeatures()));
        List<String> adapters =
                router.route(features(base, pictures)).stream().map(Route::task).toList();
        INDArray said = model.output(List.of(pictures), adapters).get(0);
        model.adapter("default").save(directory);

        assertThat(adapters).containsExactly(AdaptedNetwork.BASE, "default");
        assertThat(said.argMax(1).toIntVector())
                .containsExactly(
                        day.getLabels().getRow(0).argMax().getInt(0),
                        night.getLabels().getRow(0).argMax().getInt(0));
        assertThat(directory.resolve("adapter_config.json")).exists();
    }

    @Test
    void namesForEachExample() {
        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(
                network(), LoraConfig.builder().rank(2).targetModules("fc").build(), 42);
        model.addAdapter(
                "other", LoraConfig.builder().rank(2).targetModules("fc").build(), 7);
        INDArray batch = signs("day", 1).getFeatures().getRows(0, 1, 2);

        List<INDArray> outputs = model.output(List.of(batch), List.of("other", "default", AdaptedNetwork.BASE));

        assertThat(outputs.get(0).shape()).containsExactly(3, 3);
    }
}
