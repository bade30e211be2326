/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterLoader;
import org.lora4j.adapter.StorageType;
import org.lora4j.combine.AdapterAlgebra;
import org.lora4j.combine.Combine;
import org.lora4j.combine.ExtractedAdapter;
import org.lora4j.combine.LoraExtraction;
import org.lora4j.combine.RankReduction;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.MemoryMode;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.ParameterSummary;
import org.lora4j.quant.Quantization;
import org.lora4j.quant.QuantizedGraph;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.serve.AdapterServer;
import org.lora4j.trust.ModelSignature;
import org.lora4j.trust.TrustPolicy;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The recipes of docs/recipes.md on adapters, graphs and networks. */
class RecipesAdapterTest {

    private static final Logger log = LoggerFactory.getLogger(RecipesAdapterTest.class);

    @TempDir
    private Path folder;

    private final SameDiff graph = UserGraph.create();
    private final INDArray features = UserGraph.examples(3).getFeatures();
    private final Map<String, INDArray> inputs = Map.of("input", features);
    private final LoraConfig config = LoraConfig.builder()
            .rank(4)
            .alpha(8)
            .targetModules("dense1", "dense2")
            .initialization(Initialization.RANDOM)
            .build();
    private AdaptedSameDiff model;

    @BeforeEach
    void inject() {
        model = Lora.inject(graph, config, 42);
    }

    private INDArray scores(AdaptedSameDiff of) {
        return of.output(inputs, "scores").get("scores");
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .list()
                .layer(new DenseLayer.Builder().name("fc1").nIn(8).nOut(16).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .activation(Activation.SOFTMAX)
                        .nIn(16)
                        .nOut(3)
                        .build())
                .build());
        network.init();
        return network;
    }

    @Test
    void whatCanBeAdapted() {
        // begin
        Lora.modules(graph).modules().forEach(module -> log.info(module.path()));
        Lora.modules(graph).notAdaptable().forEach(refused -> log.info("not {}", refused));
        // end
        assertThat(Lora.modules(graph).paths()).contains("dense1");
    }

    @Test
    void howMuchLearns() {
        // begin
        ParameterSummary summary = model.parameterSummary();
        log.info("{} of {} numbers learn", summary.trainable(), summary.total());
        // end
        // 4 * (8 + 16) + 4 * (16 + 16)
        assertThat(summary.trainable()).isEqualTo(224);
    }

    @Test
    void otherRanks() {
        // begin
        LoraConfig config = LoraConfig.builder()
                .rank(4)
                .alpha(8)
                .targetModules(ModuleSelector.allLinear())
                .rankPattern(Map.of("dense2", 16))
                .alphaPattern(Map.of("dense2", 32.0))
                .build();
        // end
        Adapter adapter = Lora.inject(graph, config, 1).adapter("default");
        assertThat(adapter.modules().get("dense2").get("lora_A.weight").shape()).containsExactly(16, 16);
        assertThat(adapter.modules().get("dense1").get("lora_A.weight").shape()).containsExactly(4, 8);
    }

    @Test
    void dora() {
        // begin
        LoraConfig dora = LoraConfig.builder()
                .rank(4)
                .alpha(8)
                .targetModules("dense1", "dense2")
                .dora(true)
                .build();
        AdaptedSameDiff model = Lora.inject(graph, dora, 42);
        // end
        assertThat(model.adapter("default").modules().get("dense1")).containsKey("lora_magnitude_vector");
    }

    @Test
    void lessMemory() {
        // begin
        QuantizedGraph small = Quantization.nf4().apply(graph, name -> name.endsWith("dense1.weight"));
        AdaptedSameDiff model = Lora.inject(small.graph(), config, 42);
        // end
        assertThat(model.adapter("default").modules()).containsKey("dense1");
    }

    @Test
    @SuppressWarnings("try") // The block is what counts, not the variable.
    void offForOneCall() {
        INDArray ofBase;
        // begin
        try (AdaptedModel.Disabled off = model.disabled()) {
            ofBase = model.output(inputs, "scores").get("scores");
        }
        // end
        assertThat(ofBase).isEqualTo(scores(AdaptedSameDiff.of(graph))).isNotEqualTo(scores(model));
    }

    @Test
    void twoAtOnce() {
        // begin
        model.addAdapter("style", config, 7);
        model.activate("default", "style");
        INDArray both = model.output(inputs, "scores").get("scores");
        // end
        model.activate("style");
        assertThat(scores(model)).isNotEqualTo(both);
        assertThat(model.adapterNames()).containsExactly("default", "style");
    }

    @Test
    void halfTheBytes() throws IOException {
        Path directory = folder.resolve("adapter");
        // begin
        model.adapter("default").save(directory, StorageType.BF16);
        // end
        assertThat(Adapter.load(directory).modules()).containsKeys("dense1", "dense2");
    }

    @Test
    void goOnLater() throws IOException {
        Path directory = folder.resolve("adapter");
        model.adapter("default").save(directory);
        // begin
        AdaptedSameDiff model = Lora.load(graph, directory);
        model.setTrainable("default", true);
        // end
        assertThat(model.trainableParameters()).hasSize(4);
    }

    @Test
    void intoTheWeights() {
        File file = folder.resolve("merged.fb").toFile();
        // begin
        SameDiff merged = model.mergeAndUnload();
        merged.save(file, false);
        // end
        assertThat(file).isNotEmpty();
        // Sums of at most 16 products of floats below 10, in another order.
        assertThat(UserGraph.largestDifference(merged.output(inputs, "scores").get("scores"), scores(model)))
                .isLessThan(1e-5);
    }

    @Test
    void smallerRank() {
        Adapter adapter = model.adapter("default");
        // begin
        RankReduction reduced = AdapterAlgebra.reduceRank(adapter, 2);
        log.info("a part of {} is lost", reduced.largestError());
        // end
        assertThat(reduced.adapter().loraConfig().rank()).isEqualTo(2);
    }

    @Test
    void average() {
        Adapter first = model.adapter("default");
        Adapter second = Lora.inject(graph, config, 7).adapter("default");
        // begin
        Adapter average = Combine.of(first, second).weights(0.5, 0.5).combine();
        // end
        INDArray expected = AdapterAlgebra.deltaWeight(first, "dense1")
                .add(AdapterAlgebra.deltaWeight(second, "dense1"))
                .mul(0.5);
        // The sum of two updates of rank 4 has rank 8, of which 4 are kept; the exact sum is CombineAlgorithm.CAT's.
        assertThat(UserGraph.largestDifference(AdapterAlgebra.deltaWeight(average, "dense1"), expected))
                .isLessThan(expected.amaxNumber().doubleValue());
    }

    @Test
    void fromATunedModel() {
        INDArray tunedWeight = Nd4j.ones(DataType.FLOAT, 16, 8);
        Map<String, INDArray> base = Map.of("dense1.weight", Nd4j.zeros(DataType.FLOAT, 16, 8));
        Map<String, INDArray> tuned = Map.of("dense1.weight", tunedWeight);
        // begin
        LoraConfig config =
                LoraConfig.builder().rank(8).alpha(8).targetModules("dense1").build();
        ExtractedAdapter extracted = LoraExtraction.of(config).extract(base, tuned);
        log.info("a part of {} is lost", extracted.relativeErrors());
        // end
        assertThat(UserGraph.largestDifference(AdapterAlgebra.deltaWeight(extracted.adapter(), "dense1"), tunedWeight))
                .isLessThan(1e-5);
    }

    @Test
    void onlySigned() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        KeyPair keys = generator.generateKeyPair();
        PublicKey publicKey = keys.getPublic();
        Path directory = folder.resolve("adapter");
        model.adapter("default").save(directory);
        ModelSignature.sign(directory, keys);
        // begin
        TrustPolicy policy = TrustPolicy.usual().trusting(publicKey);
        Adapter adapter = AdapterLoader.of(directory).trust(policy).load();
        // end
        assertThat(adapter.contentHash()).isEqualTo(model.adapter("default").contentHash());
        Files.writeString(directory.resolve("another.txt"), "not signed");
        assertThat(org.assertj.core.api.Assertions.catchThrowable(
                        () -> AdapterLoader.of(directory).trust(policy).load()))
                .isNotNull();
    }

    @Test
    void oneBatchForAll() throws IOException {
        Adapter first = model.adapter("default");
        Adapter second = Lora.inject(graph, config, 7).adapter("default");
        INDArray rows = features.get(org.nd4j.linalg.indexing.NDArrayIndex.interval(0, 3));
        // begin
        AdapterServer server = AdapterServer.builder(graph)
                .outputs("scores")
                .example(Map.of("input", features))
                .build();
        server.register("berlin", first);
        server.register("paris", second);
        INDArray answers = server.output(Map.of("input", rows), List.of("berlin", "paris", AdapterServer.BASE))
                .get("scores");
        // end
        assertThat(answers.shape()).containsExactly(3, 3);
    }

    @Test
    void otherClasses() {
        MultiLayerNetwork base = network();
        // begin
        MultiLayerNetwork fiveClasses = new TransferLearning.Builder(base)
                .fineTuneConfiguration(
                        new FineTuneConfiguration.Builder().seed(7).build())
                .nOutReplace(1, 5, WeightInit.XAVIER)
                .build();
        LoraConfig config =
                LoraConfig.builder().targetModules("fc1").modulesToSave("head").build();
        AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(fiveClasses, config, 42);
        // end
        assertThat(model.network().output(features).shape()).containsExactly(UserGraph.EXAMPLES, 5);
    }

    @Test
    void manyNetworksOneBase() {
        MultiLayerNetwork base = network();
        LoraConfig config = LoraConfig.builder().targetModules("fc1").build();
        // begin
        AdaptedNetwork<MultiLayerNetwork> first = Lora.inject(base, config, 1, MemoryMode.LOW_MEMORY);
        AdaptedNetwork<MultiLayerNetwork> second = Lora.inject(base, config, 2, MemoryMode.LOW_MEMORY);
        // end
        assertThat(first.network().output(features)).isEqualTo(second.network().output(features));
    }
}
