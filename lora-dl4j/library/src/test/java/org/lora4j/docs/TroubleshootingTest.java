/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.advice.Suitability;
import org.lora4j.combine.Combine;
import org.lora4j.combine.CombineAlgorithm;
import org.lora4j.config.LoraConfig;
import org.lora4j.continual.OrthogonalityPenalty;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.exec.onednn.MathMode;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.format.torch.TorchReader;
import org.lora4j.interpret.IntruderDimensions;
import org.lora4j.multitask.MultiTaskConfig;
import org.lora4j.multitask.MultiTaskModel;
import org.lora4j.multitask.Task;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.PretrainedEncoder;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.serve.AdapterServer;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Divergence;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingFailedException;
import org.lora4j.train.TrainingPlan;
import org.lora4j.weights.ModelWeights;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Every message that docs/troubleshooting.md quotes is the one that the library gives. */
class TroubleshootingTest {

    private static final String FILE = "docs/troubleshooting.md";

    @TempDir
    private Path folder;

    private final SameDiff graph = UserGraph.create();
    private final INDArray features = UserGraph.examples(2).getFeatures();
    private final INDArray labels = UserGraph.examples(2).getLabels();

    private AdaptedSameDiff adapted() {
        return Lora.inject(graph, LoraConfig.builder().targetModules("dense1").build(), 42);
    }

    /** The first text block of a section, with ... for what differs from case to case. */
    private void assertQuoted(String anchor, Class<? extends Throwable> type, ThrowingCallable call) {
        Throwable thrown = catchThrowable(call);

        assertThat(thrown).isInstanceOf(type);
        String quoted = Documents.root().firstTextBlock(FILE, anchor);
        assertThat(thrown.getMessage()).matches(Documents.pattern(quoted));
    }

    @Test
    void noMatch_isQuoted() {
        LoraConfig config = LoraConfig.builder().targetModules("dens1").build();

        assertQuoted("no-match", NoMatchingModuleException.class, () -> Lora.inject(graph, config, 42));
    }

    @Test
    void adaptedAlready_isQuoted() {
        SameDiff adapted = adapted().graph();

        assertQuoted("adapted-already", IllegalArgumentException.class, () -> AdaptedSameDiff.of(adapted));
    }

    @Test
    void cannotRun_isQuoted() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new LearnedSelfAttentionLayer.Builder()
                        .name("queries")
                        .nIn(2)
                        .nOut(2)
                        .nHeads(1)
                        .nQueries(2)
                        .projectInput(true)
                        .build())
                .layer(new RnnOutputLayer.Builder().nIn(2).nOut(2).build())
                .build());
        network.init();

        assertQuoted("cannot-run", IllegalArgumentException.class, () -> Lora.modules(network));
    }

    @Test
    void refusedClass_isQuoted() throws IOException {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new OutputLayer.Builder()
                        .nIn(2)
                        .nOut(2)
                        .activation(new GuideDl4jTest.OwnActivation())
                        .build())
                .build());
        network.init();
        Path zip = folder.resolve("own.zip");
        ModelSerializer.writeModel(network, zip.toFile(), false);

        assertQuoted("refused-class", ModelFormatException.class, () -> NetworkFile.readMultiLayerNetwork(zip));
    }

    @Test
    void shapeMismatch_isQuoted() throws IOException {
        LoraConfig config = LoraConfig.builder().rank(1).targetModules("dense1").build();
        Map<String, INDArray> factors = Map.of(
                "lora_A.weight", Nd4j.ones(DataType.FLOAT, 1, 12), "lora_B.weight", Nd4j.ones(DataType.FLOAT, 16, 1));
        Adapter.of(config, Map.of("dense1", factors), Map.of()).save(folder.resolve("adapter"));

        assertQuoted(
                "shape-mismatch", IncompatibleBaseException.class, () -> Lora.load(graph, folder.resolve("adapter")));
    }

    @Test
    void corruptFile_isQuoted() throws IOException {
        Path adapter = folder.resolve("adapter");
        adapted().adapter("default").save(adapter);
        Path weights = adapter.resolve("adapter_model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        Files.write(weights, java.util.Arrays.copyOf(bytes, 100));

        assertQuoted("corrupt-file", CorruptAdapterException.class, () -> Adapter.load(adapter));
    }

    @Test
    void refusedPickle_isQuoted() {
        Path attack = Documents.root().path("lora-dl4j/core/src/test/resources/torch/attack.bin");

        assertQuoted("refused-pickle", AdapterFormatException.class, () -> TorchReader.open(attack));
    }

    @Test
    void unsupportedConfig_isQuoted() throws IOException {
        Path adapter = folder.resolve("adapter");
        adapted().adapter("default").save(adapter);
        Path config = adapter.resolve("adapter_config.json");
        Files.writeString(config, Files.readString(config).replace("\"use_qalora\": false", "\"use_qalora\": true"));

        assertQuoted("unsupported-config", UnsupportedAdapterVersionException.class, () -> Adapter.load(adapter));
    }

    @Test
    void mergedState_isQuoted() {
        AdaptedSameDiff model = adapted();
        model.merge();

        assertQuoted("merged-state", IllegalStateException.class, () -> model.activate("default"));
    }

    @Test
    void nothingTrains_isQuoted() throws IOException {
        adapted().adapter("default").save(folder.resolve("adapter"));
        AdaptedSameDiff model = Lora.load(graph, folder.resolve("adapter"));

        assertQuoted("nothing-trains", IllegalStateException.class, model::executor);
    }

    @Test
    void combine_isQuoted() {
        Combine combine = Combine.of(ofRank(2), ofRank(4)).weights(1, 1).algorithm(CombineAlgorithm.LINEAR);

        assertQuoted("combine", IllegalArgumentException.class, combine::combine);
    }

    @Test
    void interpretation_isQuoted() {
        AdaptedSameDiff model = adapted();
        IntruderDimensions asked =
                IntruderDimensions.of(model.adapter("default")).topK(0).epsilon(2);

        assertQuoted("interpretation", IllegalArgumentException.class, () -> asked.on(ModelWeights.of(model)));
    }

    @Test
    void penalty_isQuoted() {
        OrthogonalityPenalty penalty = OrthogonalityPenalty.of(0.5, List.of(ofRank(4)));
        TrainingPlan plan = TrainingPlan.builder().steps(4).penalty(penalty).build();
        Trainer trainer = Trainer.builder(adapted()).plan(plan).build();
        Batches batches =
                Batches.inOrder(List.of(Batch.of(Map.of("input", features, "labels", labels), UserGraph.EXAMPLES)));

        assertQuoted("penalty", IllegalArgumentException.class, () -> trainer.train(batches));
    }

    @Test
    void advice_isQuoted() {
        assertQuoted(
                "advice",
                IllegalArgumentException.class,
                () -> Suitability.beforeTraining(new float[][] {{1}, {Float.NaN}}, new int[] {0, 1, 1}));
    }

    @Test
    void severalTasks_isQuoted() {
        SameDiff other = UserGraph.create();
        other.getVariable("dense2.weight").getArr().muli(2);
        MultiTaskConfig config = MultiTaskConfig.builder()
                .shared(LoraConfig.builder().targetModules("dense1").build())
                .build();
        List<Task> tasks = List.of(
                new Task("banking", graph, List.of(), Optional.empty()),
                new Task("travel", other, List.of(), Optional.empty()));

        assertQuoted("several-tasks", IllegalArgumentException.class, () -> MultiTaskModel.create(config, tasks, 42));
    }

    private static Adapter ofRank(int rank) {
        LoraConfig config =
                LoraConfig.builder().rank(rank).targetModules("dense1").build();
        Map<String, INDArray> factors = Map.of(
                "lora_A.weight", Nd4j.ones(DataType.FLOAT, rank, 8),
                "lora_B.weight", Nd4j.ones(DataType.FLOAT, 16, rank));
        return Adapter.of(config, Map.of("dense1", factors), Map.of());
    }

    private ThrowingCallable training(AdaptedSameDiff model, Supplier<INDArray> input) {
        TrainingPlan plan = TrainingPlan.builder().steps(4).build();
        Batches batches =
                Batches.inOrder(List.of(Batch.of(Map.of("input", input.get(), "labels", labels), UserGraph.EXAMPLES)));
        return () -> Trainer.builder(model).plan(plan).build().train(batches);
    }

    @Test
    void nanLoss_isQuoted() {
        INDArray broken = features.dup().putScalar(3, 2, Float.NaN);

        assertQuoted("nan-loss", TrainingFailedException.class, training(adapted(), () -> broken));
    }

    @Test
    void diverged_isQuoted() {
        TrainingPlan plan = TrainingPlan.builder()
                .steps(40)
                .optimizer(AdamW.of(50))
                .divergence(new Divergence(1.5, 1000, 3))
                .build();
        Batches batches =
                Batches.inOrder(List.of(Batch.of(Map.of("input", features, "labels", labels), UserGraph.EXAMPLES)));
        // The start is the first three steps, which must not have diverged themselves.
        TrainingPlan warm = plan.toBuilder()
                .schedule((step, epoch, total) -> step < 3 ? 0 : 1)
                .build();

        assertQuoted(
                "diverged",
                TrainingFailedException.class,
                () -> Trainer.builder(adapted()).plan(warm).build().train(batches));
    }

    @Test
    void noGradient_isQuoted() {
        SDVariable hidden = graph.getVariable("dense1/output");
        SDVariable unused = graph.var("unused.weight", Nd4j.ones(DataType.FLOAT, 16, 2));
        hidden.mmul("elsewhere", unused);
        LoraConfig config =
                LoraConfig.builder().rank(4).targetModules("dense1", "unused").build();
        AdaptedSameDiff model = Lora.inject(graph, config, 42);

        assertQuoted("no-gradient", TrainingFailedException.class, training(model, () -> features));
    }

    @Test
    void wrongInput_isQuoted() {
        AdaptedSameDiff model = adapted();
        INDArray narrow = Nd4j.zeros(DataType.FLOAT, 32, 7);

        assertQuoted(
                "wrong-input",
                IllegalArgumentException.class,
                () -> model.output(Map.of("inputs", features, "input", narrow), "score"));
    }

    @Test
    void wrongModel_isQuoted() throws IOException {
        Path config = TinyModelFiles.writeDirectory(folder).resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"vocab_size\": 12", "\"vocab_size\": 13"));

        assertQuoted("wrong-model", ModelFormatException.class, () -> PretrainedEncoder.load(folder));
    }

    @Test
    void tokenizer_isQuoted() {
        assertQuoted("tokenizer", ModelFormatException.class, () -> tokenizer("\"normalizer\":{\"type\":\"Magic\"},"));
    }

    private static HuggingFaceTextTokenizer tokenizer(String parts) throws IOException {
        String json = "{" + parts + "\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"u\",\"vocab\":{\"a\":0}}}";
        return HuggingFaceTextTokenizer.load(
                new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), "tokenizer.json", 8);
    }

    @Test
    void missingOneDnn_isQuoted() throws IOException {
        URL classes = OneDnn.class.getProtectionDomain().getCodeSource().getLocation();
        try (URLClassLoader withoutLibrary = new URLClassLoader(new URL[] {classes}, null)) {
            assertQuoted("missing-onednn", IllegalStateException.class, () -> {
                Class<?> mode = withoutLibrary.loadClass(MathMode.class.getName());
                try {
                    withoutLibrary
                            .loadClass(OneDnn.class.getName())
                            .getMethod("products", mode)
                            .invoke(null, mode.getEnumConstants()[0]);
                } catch (java.lang.reflect.InvocationTargetException e) {
                    throw e.getCause();
                }
            });
        }
    }

    @Test
    void anotherBase_isQuoted() {
        Adapter adapter = adapted().adapter("default");
        SameDiff other = UserGraph.create();
        other.getVariable("dense1.weight").getArr().addi(1);
        AdaptedSameDiff model = AdaptedSameDiff.of(other);

        assertQuoted("another-base", IllegalArgumentException.class, () -> model.addAdapter("default", adapter));
    }

    @Test
    void unwritableDirectory_isQuoted() throws IOException {
        Path file = Files.createFile(folder.resolve("adapter"));
        Adapter adapter = adapted().adapter("default");

        assertQuoted("disk-full", IOException.class, () -> adapter.save(file));
    }

    @Test
    void refusedInAServer_isQuoted() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new LSTM.Builder().name("lstm").nIn(2).nOut(2).build())
                .layer(new RnnOutputLayer.Builder().nIn(2).nOut(2).build())
                .build());
        network.init();
        LoraConfig config = LoraConfig.builder().targetModules("lstm.W").build();
        Adapter gates = Lora.inject(network, config, 42).adapter("default");
        INDArray series = Nd4j.linspace(0, 1, 12, DataType.FLOAT).reshape(2, 2, 3);
        AdapterServer server =
                AdapterServer.builder(network).example(Map.of("input", series)).build();

        assertQuoted("serving", IllegalArgumentException.class, () -> server.register("gates", gates));
    }
}
