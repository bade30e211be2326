/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.CachedNetwork;
import org.lora4j.dl4j.MemoryMode;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.dl4j.NetworkModules;
import org.lora4j.dl4j.RegisteredBase;
import org.lora4j.dl4j.layer.LoraDenseLayer;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.MergeReport;
import org.lora4j.random.RandomStreams;
import org.lora4j.train.cache.PrefixCache;
import org.lora4j.train.cache.PrefixReport;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/dl4j.md. */
class GuideDl4jTest {

    private static final Logger log = LoggerFactory.getLogger(GuideDl4jTest.class);

    private static final int EXAMPLES = 96;

    @TempDir
    private Path folder;

    private final LoraConfig config =
            LoraConfig.builder().rank(4).alpha(8).targetModules("fc1", "fc2").build();

    private MultiLayerNetwork base;

    @BeforeEach
    void trainTheBase() {
        base = trainedNetwork();
    }

    private static MultiLayerNetwork trainedNetwork() {
        MultiLayerConfiguration configuration = new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Adam(0.02))
                .activation(Activation.TANH)
                .list()
                .layer(new DenseLayer.Builder().name("fc1").nIn(8).nOut(16).build())
                .layer(new DenseLayer.Builder().name("fc2").nIn(16).nOut(16).build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                        .name("head")
                        .activation(Activation.SOFTMAX)
                        .nIn(16)
                        .nOut(3)
                        .build())
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(configuration);
        network.init();
        network.fit(data(0), 20);
        return network;
    }

    /** The class of an example is the largest of its first three features, counted on by a shift. */
    private static DataSetIterator data(int shift) {
        SplittableRandom random = RandomStreams.of(3, "examples");
        INDArray features = RandomStreams.normal(random, 1, DataType.FLOAT, EXAMPLES, 8);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, EXAMPLES, 3);
        for (int i = 0; i < EXAMPLES; i++) {
            int largest = 0;
            for (int j = 1; j < 3; j++) {
                largest = features.getDouble(i, j) > features.getDouble(i, largest) ? j : largest;
            }
            labels.putScalar(i, (largest + shift) % 3, 1);
        }
        return new ListDataSetIterator<>(new DataSet(features, labels).asList(), 32);
    }

    @Test
    void program_adaptsSavesAndMerges() throws IOException {
        DataSetIterator newData = data(1);
        Path directory = folder.resolve("adapter");
        double before = trainedNetwork().evaluate(newData).accuracy();

        MultiLayerNetwork base = trainedNetwork();
        LoraConfig config = LoraConfig.builder()
                .rank(4)
                .alpha(8)
                .targetModules("fc1", "fc2")
                .build();
        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(base, config, 42);

        MultiLayerNetwork network = model.network();
        network.fit(newData, 20);
        Evaluation after = network.evaluate(newData);

        model.adapter("default").save(directory);
        AdaptedNetwork<MultiLayerNetwork> again = Lora.load(base, directory);
        MultiLayerNetwork plain = again.mergeAndUnload();

        assertThat(before).isLessThan(0.2);
        assertThat(after.accuracy()).isGreaterThan(0.8);
        assertThat(plain.evaluate(newData).accuracy()).isEqualTo(after.accuracy());
        assertThat(base.evaluate(newData).accuracy()).isEqualTo(before);
    }

    @Test
    void cachedPrefix_runsInTheFirstEpochOnly() {
        DataSetIterator newData = data(1);
        LoraConfig config = this.config.toBuilder().targetModules("fc2").build();

        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(base, config, 42);
        PrefixReport report;
        try (CachedNetwork<MultiLayerNetwork> cached = model.cacheFrozenPrefix(PrefixCache.inMemory(512L << 20))) {
            cached.network().fit(newData, 20);
            report = cached.report();
        }

        assertThat(report.prefix().activations()).containsExactly("fc1");
        // Three batches, one of which is looked at again.
        assertThat(report.computed()).isEqualTo(4);
        assertThat(report.reused()).isEqualTo(56);
    }

    @Test
    void lowMemory_savesAndReadsOverTheBase() throws IOException {
        DataSetIterator newData = data(1);
        File file = folder.resolve("network.zip").toFile();

        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(base, config, 42, MemoryMode.LOW_MEMORY);
        MultiLayerNetwork network = model.network();
        network.fit(newData, 20);
        ModelSerializer.writeModel(network, file, true);

        RegisteredBase registered = RegisteredBase.of(base);
        MultiLayerNetwork restored = ModelSerializer.restoreMultiLayerNetwork(file);
        registered.close();

        assertThat(restored.evaluate(newData).accuracy())
                .isEqualTo(network.evaluate(newData).accuracy())
                .isGreaterThan(0.8);
    }

    @Test
    void modules_areListed() {
        NetworkModules modules = Lora.modules(base);
        log.info("{}", modules);

        assertThat(modules.toString().lines().toList())
                .containsExactly(
                        Documents.root().textBlock("docs/dl4j.md", "fc1: ").split("\n"));
    }

    @Test
    void networkOfFrozenLayers_isUnfrozen() {
        MultiLayerNetwork frozen = new TransferLearning.Builder(base)
                .fineTuneConfiguration(
                        new FineTuneConfiguration.Builder().seed(7).build())
                .setFeatureExtractor(1)
                .build();

        MultiLayerConfiguration configuration =
                frozen.getLayerWiseConfigurations().clone();
        for (NeuralNetConfiguration layer : configuration.getConfs()) {
            if (layer.getLayer() instanceof FrozenLayer outer) {
                layer.setLayer(outer.getLayer());
                layer.clearVariables();
            }
        }
        MultiLayerNetwork stock = new MultiLayerNetwork(configuration);
        stock.init(frozen.params(), true);
        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(stock, config, 42);

        assertThat(model.network().evaluate(data(0)).accuracy())
                .isEqualTo(base.evaluate(data(0)).accuracy());
    }

    @Test
    void updater_isChosenBeforeInjecting() {
        FineTuneConfiguration tuning = new FineTuneConfiguration.Builder()
                .updater(new Adam(1e-3))
                .seed(7)
                .build();
        MultiLayerNetwork tuned =
                new TransferLearning.Builder(base).fineTuneConfiguration(tuning).build();
        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(tuned, config, 42);

        assertThat(model.network().getLearningRate(0)).isEqualTo(1e-3);
        assertThat(base.getLearningRate(0)).isEqualTo(0.02);
    }

    @Test
    @SuppressWarnings("try") // The block is what counts, not the variable.
    void states_giveOtherNetworks() {
        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(base, config, 42);
        MultiLayerNetwork one = model.network();

        model.addAdapter("other", config, 7);
        model.activate("default", "other");
        model.setTrainable("default", false);
        MultiLayerNetwork both = model.network();

        try (AdaptedModel.Disabled off = model.disabled()) {
            MultiLayerNetwork untouched = model.network();
        }

        MergeReport report = model.merge();
        model.unmerge();

        assertThat(both).isNotSameAs(one);
        assertThat(report.adapters()).containsExactly("default", "other");
    }

    @Test
    void restoredNetwork_isAdopted() throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(base, config, 42);
        File file = folder.resolve("network.zip").toFile();
        MultiLayerNetwork other = Lora.inject(base, config, 42).network();
        other.fit(data(1), 1);
        ModelSerializer.writeModel(other, file, true);

        MultiLayerNetwork restored = ModelSerializer.restoreMultiLayerNetwork(file);
        model.adopt(restored);
        Adapter trained = model.adapter("default");

        assertThat(trained).isNotEqualTo(Lora.inject(base, config, 42).adapter("default"));
    }

    @Test
    void model_isSavedWhole() throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(base, config, 42);
        model.network().fit(data(1), 1);
        Path zip = folder.resolve("model.zip");

        model.save(zip);
        AdaptedNetwork<MultiLayerNetwork> loaded = Lora.loadMultiLayerNetwork(zip);

        assertThat(loaded.adapter("default")).isEqualTo(model.adapter("default"));
    }

    @Test
    void fileOfAStranger_isReadAndAdapted() throws IOException {
        Path zip = folder.resolve("base.zip");
        ModelSerializer.writeModel(trainedNetwork(), zip.toFile(), true);

        MultiLayerNetwork base = NetworkFile.readMultiLayerNetwork(zip);
        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(base, config, 42);

        assertThat(model.base().params()).isEqualTo(this.base.params());
    }

    /** An activation of a user. */
    public static final class OwnActivation extends ActivationTanH {

        private static final long serialVersionUID = 1;
    }

    @Test
    void classesOfTheCaller_areNamed() throws IOException {
        Path zip = folder.resolve("own.zip");
        MultiLayerNetwork own = trainedNetwork();
        ((DenseLayer) own.getLayer(0).conf().getLayer()).setActivationFn(new OwnActivation());
        ModelSerializer.writeModel(own, zip.toFile(), true);

        NetworkFile file = NetworkFile.of(zip)
                .allowing(OwnActivation.class)
                .unpackingTo(2_000_000_000L)
                .withoutUpdater();
        MultiLayerNetwork network = file.multiLayerNetwork();

        assertThat(((DenseLayer) network.getLayer(0).conf().getLayer()).getActivationFn())
                .isInstanceOf(OwnActivation.class);
    }

    @Test
    void newHead_isTrainedWithTheAdapter() {
        MultiLayerNetwork fiveClasses = new TransferLearning.Builder(base)
                .fineTuneConfiguration(
                        new FineTuneConfiguration.Builder().seed(7).build())
                .nOutReplace(2, 5, WeightInit.XAVIER)
                .build();
        LoraConfig withHead = config.toBuilder().modulesToSave("head").build();
        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(fiveClasses, withHead, 42);

        assertThat(model.adapter("default").savedParameters().get("head.weight").shape())
                .containsExactly(5, 16);
    }

    @Test
    void layers_canBeConfiguredByHand() {
        LoraSettings settings = LoraSettings.of(config, 42);
        MultiLayerConfiguration configuration = new NeuralNetConfiguration.Builder()
                .updater(new Adam(1e-3))
                .list()
                .layer(new LoraDenseLayer.Builder(settings)
                        .nIn(8)
                        .nOut(16)
                        .activation(Activation.RELU)
                        .build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                        .nIn(16)
                        .nOut(3)
                        .build())
                .build();

        MultiLayerNetwork network = new MultiLayerNetwork(configuration);
        network.init();
        assertThat(network.getParam("0_WA0").shape()).containsExactly(4, 8);
        assertThat(network.getParam("0_WB0").shape()).containsExactly(16, 4);
    }
}
