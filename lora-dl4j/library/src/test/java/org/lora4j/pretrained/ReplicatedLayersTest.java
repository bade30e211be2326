/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.Combine;
import org.lora4j.config.Initialization;
import org.lora4j.config.LayerReplication;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** PEFT's {@code layer_replication}: an encoder made of repeated layers, and the adapters for it. */
class ReplicatedLayersTest {

    private static final LayerReplication LAYERS = LayerReplication.of(0, 2, 1, 3);
    private static final int[] SOURCES = {0, 1, 1, 2};

    private final EncoderWeights three = TinyBerts.weights(EncoderConfig.bert(3, 12, 3, 20, 30, 16, 2), 7);
    private final EncoderWeights four = three.replicated(LAYERS);

    private static LoraConfig config(LayerReplication layers) {
        return LoraConfig.builder()
                .rank(2)
                .targetModules("query", "output.dense")
                .initialization(Initialization.RANDOM)
                .layerReplication(layers)
                .build();
    }

    private static SameDiff graph(EncoderWeights weights) {
        return EncoderClassifier.create(weights, Pooling.CLS, 3, 42).graph();
    }

    private static Map<String, INDArray> batch() {
        Map<String, INDArray> batch = TinyBerts.batch(
                new int[][] {{4, 17, 8, 29}, {5, 9, 0, 0}}, new double[][] {{1, 1, 1, 1}, {1, 1, 0, 0}});
        batch.put(EncoderClassifier.LABELS, Nd4j.createFromArray(new double[][] {{0, 0, 1}, {1, 0, 0}}));
        return batch;
    }

    /** The same encoder by hand: every layer has arrays of its own. */
    private EncoderWeights byHand() {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        EncoderConfig.bert(4, 12, 3, 20, 30, 16, 2).shape().tensors().forEach(tensor -> {
            String source = tensor.name();
            for (int i = 0; i < SOURCES.length; i++) {
                if (tensor.name().startsWith("encoder.layer." + i + ".")) {
                    source = tensor.name().replace("layer." + i, "layer." + SOURCES[i]);
                }
            }
            tensors.put(tensor.name(), three.tensor(source).dup());
        });
        return EncoderWeights.of(EncoderConfig.bert(4, 12, 3, 20, 30, 16, 2), tensors);
    }

    @Test
    void replicated_sharesTheArraysOfTheLayers() {
        assertThat(four.config().layers()).isEqualTo(4);
        for (int i = 0; i < SOURCES.length; i++) {
            assertThat(four.tensor("encoder.layer." + i + ".intermediate.dense.weight"))
                    .isSameAs(three.tensor("encoder.layer." + SOURCES[i] + ".intermediate.dense.weight"));
        }
        assertThat(four.tensor("embeddings.LayerNorm.bias")).isSameAs(three.tensor("embeddings.LayerNorm.bias"));
    }

    @Test
    void adapter_onRepeatedLayers_computesAsOnAnEncoderMadeByHand() {
        AdaptedSameDiff model = Lora.inject(graph(four), config(LAYERS), 3);
        AdaptedSameDiff byHand = Lora.inject(graph(byHand()), config(LAYERS), 3);

        LossAndGradients found = model.executor().gradients(batch(), 1);
        LossAndGradients expected = byHand.executor().gradients(batch(), 1);

        assertThat(found.loss()).isEqualTo(expected.loss());
        assertThat(found.gradients()).isEqualTo(expected.gradients()).isNotEmpty();
        // Copies of a layer have updates of their own.
        String name = model.adapterNames().get(0);
        assertThat(model.adapter(name).modules().get("encoder.layer.1.attention.self.query"))
                .isNotEqualTo(model.adapter(name).modules().get("encoder.layer.2.attention.self.query"));
    }

    @Test
    void adapter_savedAndLoaded_fitsAModelMadeSoAndNoOther(@TempDir Path directory) throws Exception {
        AdaptedSameDiff model = Lora.inject(graph(four), config(LAYERS), 3);
        Adapter adapter = model.adapter(model.adapterNames().get(0));
        adapter.save(directory);

        AdaptedSameDiff loaded = Lora.load(graph(four), directory);

        assertThat(Adapter.load(directory).config().layerReplication()).isEqualTo(LAYERS);
        assertThat(loaded.output(batch(), EncoderClassifier.LOGITS))
                .isEqualTo(model.output(batch(), EncoderClassifier.LOGITS));
        assertThatThrownBy(() -> Lora.load(graph(three), directory))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("layerReplication = [[0, 2], [1, 3]], expected a model of 4 layers")
                .hasMessageContaining("no list of as many layers");
        EncoderWeights others = TinyBerts.weights(four.config(), 8);
        assertThatThrownBy(() -> Lora.load(graph(others), directory))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("\"encoder.layer.2.")
                .hasMessageContaining("differs from the same of \"encoder.layer.1.\", which it repeats");
    }

    @Test
    void inject_onAnyOtherModel_isRefusedByName() {
        SameDiff plain = graph(three);
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new OutputLayer.Builder().nIn(2).nOut(2).build())
                .build());
        network.init();

        assertThatThrownBy(() -> Lora.inject(plain, config(LAYERS), 3)).hasMessageContaining("layerReplication");
        assertThatThrownBy(() -> Lora.inject(
                        network,
                        config(LAYERS).toBuilder().targetModules("layer0").build(),
                        3))
                .hasMessageContaining("layerReplication = [[0, 2], [1, 3]] with a network, expected none");
    }

    @Test
    void merge_ofDifferentUpdatesOfOneSharedLayer_givesWhatTheAdapterComputesAndLeavesTheBase() {
        AdaptedSameDiff model = Lora.inject(graph(four), config(LAYERS), 3);
        INDArray base =
                three.tensor("encoder.layer.1.attention.self.query.weight").dup();
        double[] before = logits(model);

        model.merge();

        assertThat(logits(model)).containsExactly(before, within(1e-10));
        assertThat(three.tensor("encoder.layer.1.attention.self.query.weight")).isEqualTo(base);
    }

    private static double[] logits(AdaptedSameDiff model) {
        return model.output(batch(), EncoderClassifier.LOGITS)
                .get(EncoderClassifier.LOGITS)
                .ravel()
                .toDoubleVector();
    }

    @Test
    void weightMerge_andCombinationWithAPlainAdapter_areRefusedByName() {
        AdaptedSameDiff model = Lora.inject(graph(four), config(LAYERS), 3);
        Adapter adapter = model.adapter(model.adapterNames().get(0));
        AdaptedSameDiff plainModel = Lora.inject(graph(byHand()), config(LayerReplication.none()), 3);
        Adapter plain = plainModel.adapter(plainModel.adapterNames().get(0));

        assertThatThrownBy(() -> WeightMerge.merged(ModelWeights.of(four.tensors()), List.of(adapter)))
                .hasMessageContaining("layerReplication = [[0, 2], [1, 3]] with a checkpoint");
        assertThatThrownBy(() -> Combine.of(adapter, plain).weights(1, 1).combine())
                .hasMessageContaining("layerReplication = [[[0, 2], [1, 3]], []]");
    }

    @Test
    void ranges_thatCannotBe_areRefusedByName() {
        assertThatThrownBy(() -> three.replicated(LayerReplication.of(0, 4)))
                .hasMessageContaining("replication = [[0, 4]], expected layers below 3");
        assertThatThrownBy(() -> three.replicated(LayerReplication.of(2, 2)))
                .hasMessageContaining("[[2, 2]], expected ranges [from, to]");
        assertThatThrownBy(() -> config(LayerReplication.of(0, Integer.MAX_VALUE, 0, Integer.MAX_VALUE)))
                .hasMessageContaining("makes 4294967294 layers, expected at most 10000");
    }
}
