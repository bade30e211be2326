/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import onnx.Onnx;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterLoader;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.DataReport;
import org.lora4j.advice.LabeledFeatures;
import org.lora4j.combine.AdapterAlgebra;
import org.lora4j.combine.Combine;
import org.lora4j.combine.LoraExtraction;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.config.TrainableTokens;
import org.lora4j.continual.ContinualTask;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.continual.ReplayMemory;
import org.lora4j.continual.TaskRouter;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.export.CausalLmExport;
import org.lora4j.export.GgufAdapterExport;
import org.lora4j.export.GgufExport;
import org.lora4j.export.HuggingFaceExport;
import org.lora4j.export.OnnxExport;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.image.Image;
import org.lora4j.image.ImageEncoder;
import org.lora4j.internal.checkpoint.CheckpointFolder;
import org.lora4j.internal.format.huggingface.Checkpoint;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.format.torch.TorchReader;
import org.lora4j.interpret.DataInf;
import org.lora4j.interpret.IntegratedGradients;
import org.lora4j.interpret.IntruderDimensions;
import org.lora4j.interpret.ModuleShares;
import org.lora4j.interpret.UpdateReport;
import org.lora4j.language.ChatMessage;
import org.lora4j.language.ChatTemplate;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LanguageTokenizer;
import org.lora4j.language.Llama2cCheckpoint;
import org.lora4j.language.LmExample;
import org.lora4j.language.TinyLlama2c;
import org.lora4j.model.AdaptedModel;
import org.lora4j.multitask.MultiTaskAdapter;
import org.lora4j.multitask.MultiTaskConfig;
import org.lora4j.multitask.MultiTaskModel;
import org.lora4j.multitask.Task;
import org.lora4j.multitask.TaskLabels;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.OnnxInitializers;
import org.lora4j.pretrained.PretrainedEncoder;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.quant.Quantization;
import org.lora4j.retention.EarlierHead;
import org.lora4j.retention.RetentionProbe;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.serve.AdapterServer;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTable;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.FittingSign;
import org.lora4j.train.ParameterGroup;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.nd4j.shade.protobuf.ByteString;

/**
 * Names of a million characters, line ends in names, and thousands of problems at once, at every reader and entry: the type
 * is a documented one, and the message is below 4 kB and on one line.
 */
class HostileTextTest {

    private static final int LONGEST = 4_096;
    private static final String NAME = "evil\n\u202e\u001b[31m" + "ä\n".repeat(500_000);
    private static final int MANY = 3_000;

    @TempDir
    Path folder;

    private final Map<String, ThrowingCallable> calls = new LinkedHashMap<>();

    private static List<String> many(String start) {
        return IntStream.range(0, MANY).mapToObj(i -> start + i + "\n").toList();
    }

    private static <V> Map<String, V> manyOf(IntFunction<V> value) {
        Map<String, V> map = new LinkedHashMap<>();
        IntStream.range(0, MANY).forEach(i -> map.put("key\n" + i, value.apply(i)));
        return map;
    }

    @TestFactory
    Stream<DynamicTest> message_ofHostileText_isShortAndOnOneLine() throws IOException {
        addConfigs();
        addGraphs();
        addModels();
        addTraining();
        addTensorFiles();
        addModelDirectories();
        addLanguageModels();
        addValues();
        addTables();
        addImages();
        addExports();
        addInterpretation();
        addAdvice();
        return calls.entrySet().stream()
                .map(call -> DynamicTest.dynamicTest(call.getKey(), () -> assertIsBounded(call.getValue())));
    }

    private Path written(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private void addTables() throws IOException {
        Path names = written("names.csv", "\"" + NAME + "\",\"" + NAME + "\"\na,b\n");
        calls.put("CSV with names that repeat", () -> TextTable.csv(names));
        Path lengths =
                written("lengths.csv", "a,b\n" + (NAME.replace('\n', ' ') + "\n").repeat(2) + "x\n".repeat(MANY));
        calls.put("CSV with rows of other lengths", () -> TextTable.csv(lengths));
        Path quotes = written("quotes.csv", "a\n\"x\"\u202e\n");
        calls.put("CSV with a character behind a quote", () -> TextTable.csv(quotes));
        Path token = written("token.jsonl", "{\"a\": evil\u202e\u001b" + "x".repeat(500_000) + "}\n");
        calls.put("JSON lines with a token", () -> TextTable.jsonLines(token));
        Path twice = written(
                "twice.jsonl", "{\"\\n\\u202e%1$s\": 1, \"\\n\\u202e%1$s\": 2}\n".formatted("y".repeat(100_000)));
        calls.put("JSON lines with a name that repeats", () -> TextTable.jsonLines(twice));
        // One long text is as good as many, which take seconds to be read.
        List<Map<String, Object>> rows =
                new ArrayList<>(Collections.nCopies(MANY, Map.of(NAME, "x", "v", "\n\u202ey")));
        rows.set(0, Map.of(NAME, NAME, "v", NAME));
        TextTable table = TextTable.of(rows);
        calls.put("a table without a column", () -> table.labeled("no\n" + NAME, NAME));
        calls.put("a table without numbers", () -> table.scored(NAME, "v"));
    }

    private void addImages() throws IOException {
        Path model = Files.createDirectory(folder.resolve("images"));
        Path config = model.resolve("config.json");
        String hostile = JsonObjects.write(Map.of("n", NAME));
        String name = hostile.substring(hostile.indexOf(':') + 1, hostile.lastIndexOf('}'));
        Path processor = model.resolve("preprocessor_config.json");
        calls.put("a family of image models", () -> {
            Files.writeString(config, "{\"model_type\": " + name + "}");
            ImageEncoder.load(model);
        });
        calls.put("values of the config of an image model", () -> {
            Files.writeString(
                    config,
                    "{\"model_type\": \"vit\", \"hidden_act\": " + name + ", \"image_size\": " + name
                            + ", \"problem_type\": " + name + ", \"id2label\": {\"0\": " + name + ", \"1\": " + name
                            + "}}");
            ImageEncoder.load(model);
        });
        calls.put("values of a preprocessor config", () -> {
            Files.writeString(config, "{\"model_type\": \"vit\"}");
            Files.writeString(
                    processor,
                    "{\"image_processor_type\": " + name + ", \"size\": " + name + ", \"resample\": " + name
                            + ", \"image_mean\": [" + name + "], \"do_resize\": " + name + "}");
            ImageEncoder.load(model);
        });
        Path text = written("text.png", NAME);
        calls.put("an image that is none", () -> Image.read(text));
    }

    private void addAdvice() {
        DataAdvisor advisor = DataAdvisor.builder().build();
        calls.put("features of one class", () -> advisor.examine(new float[2][1], List.of(NAME, NAME)));
        float[][] wrong = new float[MANY][2];
        Arrays.fill(wrong, new float[] {Float.NaN});
        calls.put("features of other lengths", () -> advisor.examine(wrong, many(NAME.substring(0, 40))));
    }

    /** An answer is no exception, but it goes to the same logs. */
    @Test
    void sentence_ofHostileLabels_isShortAndOnOneLine() {
        float[][] features = new float[60][2];
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < features.length; i++) {
            features[i] = new float[] {i % 2, i};
            labels.add(NAME + (i % 7 == 0 ? 1 - i % 2 : i % 2));
        }
        labels.set(0, "rare" + NAME);
        LabeledFeatures validation = new LabeledFeatures(new float[][] {{0, 1}}, List.of("unseen" + NAME));

        DataReport report =
                DataAdvisor.builder().build().examine(new LabeledFeatures(features, labels), validation, features);

        assertThat(report.advices()).allSatisfy(advice -> {
            assertThat(advice.sentence().getBytes(StandardCharsets.UTF_8).length)
                    .isLessThan(LONGEST);
            assertThat(advice.sentence()).doesNotContain("\n", "\u202e", "\u001b");
        });
        assertThat(report.json().length()).isLessThan(100_000);
    }

    /** Nor is a sign of over- or underfitting. */
    @Test
    void signOfAHostileMetric_isShortAndOnOneLine() {
        Iterator<Double> worse = List.of(2.0, 3.0, 4.0).iterator();

        List<FittingSign> signs = Trainer.builder(Lora.inject(UserGraph.create(), config(), 1))
                .plan(TrainingPlan.builder().epochs(3).optimizer(AdamW.of(0.05)).build())
                .validation(Validation.lowerIsBetter(NAME, worse::next))
                .build()
                .train(Batches.of(UserGraph.iterator(), DataSetPlaceholders.of("input", "labels")))
                .signs();

        assertThat(signs).extracting(FittingSign::kind).contains(FittingSign.Kind.VALIDATION_WORSENS);
        assertThat(signs).allSatisfy(sign -> {
            assertThat(sign.toString().getBytes(StandardCharsets.UTF_8).length).isLessThan(LONGEST);
            assertThat(sign.toString()).doesNotContain("\n", "\u202e", "\u001b");
        });
    }

    private void addExports() throws IOException {
        TextEncoder encoder = TextEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("exported")));
        Path target = folder.resolve("landed");
        Map<String, INDArray> others = new LinkedHashMap<>(manyOf(i -> Nd4j.ones(1)));
        calls.put(
                "weights of another model",
                () -> HuggingFaceExport.of(encoder)
                        .weights(ModelWeights.of(others))
                        .write(target));
        Map<String, INDArray> more = new LinkedHashMap<>(encoder.weights().checkpointTensors());
        more.putAll(others);
        calls.put(
                "weights without a place",
                () -> HuggingFaceExport.of(encoder)
                        .weights(ModelWeights.of(more))
                        .write(target));
        calls.put(
                "labels that repeat",
                () -> HuggingFaceExport.of(encoder)
                        .sentenceClassifier(List.of(NAME, NAME))
                        .write(target));
        calls.put(
                "a directory that is there", () -> HuggingFaceExport.of(encoder).write(folder));
        Onnx.GraphProto.Builder graph = Onnx.GraphProto.newBuilder();
        graph.addInitializer(Onnx.TensorProto.newBuilder()
                .setName("fc.weight")
                .setDataType(1)
                .addDims(2)
                .addDims(2)
                .setRawData(ByteString.copyFrom(new byte[16])));
        IntStream.range(0, MANY)
                .forEach(i -> graph.addNode(Onnx.NodeProto.newBuilder()
                        .setOpType("MatMul")
                        .setName(i == 0 ? NAME : "node\n" + i)
                        .addInput("x")
                        .addInput("fc.weight")
                        .addOutput("y" + i)));
        Path model = Files.write(
                folder.resolve("shared.onnx"),
                Onnx.ModelProto.newBuilder().setGraph(graph).build().toByteArray());
        calls.put(
                "an ONNX weight that hostile nodes share",
                () -> OnnxExport.of(model)
                        .weights(ModelWeights.of(Map.of("fc.weight", Nd4j.ones(2, 2))))
                        .write(target));
    }

    private void addInterpretation() {
        INDArray nan = Nd4j.ones(DataType.FLOAT, 2, 2);
        nan.putScalar(0, 0, Float.NaN);
        Map<String, INDArray> weights = new LinkedHashMap<>();
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        manyOf(i -> i).keySet().forEach(path -> {
            INDArray factor = Nd4j.ones(DataType.FLOAT, 1, 2);
            modules.put(path, Map.of("lora_A.weight", factor, "lora_B.weight", factor.reshape(2, 1)));
            weights.put(path + ".weight", nan);
        });
        Adapter adapter = Adapter.of(
                LoraConfig.builder()
                        .rank(1)
                        .targetModules(ModuleSelector.suffixes(modules.keySet()))
                        .build(),
                modules,
                Map.of());
        calls.put("many weights with NaN", () -> UpdateReport.of(adapter, ModelWeights.of(weights)));
        calls.put(
                "intruders of many weights with NaN",
                () -> IntruderDimensions.of(adapter).on(ModelWeights.of(weights)));
        AdaptedModel model = AdaptedSameDiff.of(UserGraph.create());
        calls.put("shares of an adapter that is not there", () -> ModuleShares.of(model, NAME, any -> 0));
    }

    private static void assertIsBounded(ThrowingCallable call) {
        Throwable thrown = catchThrowable(call);

        assertThat(thrown)
                .isInstanceOfAny(IllegalArgumentException.class, IllegalStateException.class, IOException.class);
        assertThat(thrown.getMessage().getBytes(StandardCharsets.UTF_8).length).isBetween(20, LONGEST);
        assertThat(thrown.getMessage()).doesNotContainPattern("[\\p{Cntrl}\u202e]");
    }

    private void addConfigs() {
        calls.put(
                "an expression",
                () -> LoraConfig.builder()
                        .targetModules(ModuleSelector.regex("(" + NAME))
                        .build());
        calls.put(
                "keys of patterns",
                () -> LoraConfig.builder()
                        .targetModules("a")
                        .rankPattern(Map.of(NAME, 0))
                        .alphaPattern(Map.of("(" + NAME, -1.0))
                        .build());
        calls.put(
                "many keys of patterns",
                () -> LoraConfig.builder()
                        .targetModules("a")
                        .rankPattern(manyOf(i -> -i))
                        .build());
        calls.put(
                "layers",
                () -> LoraConfig.builder()
                        .targetModules("a")
                        .layersToTransform(1)
                        .layersPattern("(" + NAME)
                        .build());
        calls.put(
                "token rows",
                () -> LoraConfig.builder()
                        .trainableTokens(TrainableTokens.of(Map.of(NAME, List.of())))
                        .build());
        calls.put(
                "many token rows",
                () -> LoraConfig.builder()
                        .trainableTokens(TrainableTokens.of(manyOf(i -> List.of(-i, -i))))
                        .build());
    }

    private void addGraphs() {
        calls.put("targets", () -> inject(LoraConfig.builder().targetModules(NAME)));
        calls.put(
                "many targets",
                () -> inject(LoraConfig.builder().targetModules(many("t").toArray(String[]::new))));
        calls.put(
                "excluded",
                () -> inject(LoraConfig.builder().targetModules("dense1").excludeModules(NAME)));
        calls.put(
                "modules to save",
                () -> inject(LoraConfig.builder().targetModules("dense1").modulesToSave(NAME)));
        calls.put(
                "parameters",
                () -> inject(LoraConfig.builder().targetModules("dense1").targetParameters(NAME)));
        calls.put("names of a graph", () -> Lora.inject(named(NAME), config(), 1));
        calls.put("an adapted graph of such names", () -> {
            SameDiff graph = named(NAME + ".lora_A.x");
            AdaptedSameDiff.of(graph);
        });
        calls.put("names given to a graph", () -> AdaptedSameDiff.of(UserGraph.create(), Map.of(NAME, NAME)));
        calls.put("many names given to a graph", () -> AdaptedSameDiff.of(UserGraph.create(), manyOf(i -> ".")));
        calls.put("a stored weight", () -> Quantization.nf4().apply(named(NAME), name -> true));
        calls.put(
                "targets of a network",
                () -> Lora.inject(
                        network("fc"), LoraConfig.builder().targetModules(NAME).build(), 1));
        calls.put("names of a network", () -> Lora.inject(network(NAME), config(), 1));
    }

    private static AdaptedSameDiff inject(LoraConfig.Builder config) {
        return Lora.inject(UserGraph.create(), config.build(), 1);
    }

    private static LoraConfig config() {
        return LoraConfig.builder().rank(1).targetModules("dense1").build();
    }

    private static SameDiff named(String name) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 2);
        x.mmul(graph.var(name, Nd4j.ones(DataType.FLOAT, 2, 3)));
        return graph;
    }

    private static MultiLayerNetwork network(String name) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new DenseLayer.Builder().name(name).nIn(2).nOut(2).build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
                        .name("head")
                        .nIn(2)
                        .nOut(2)
                        .build())
                .build());
        network.init();
        return network;
    }

    private void addModels() {
        AdaptedSameDiff model = Lora.inject(UserGraph.create(), config(), 1);
        Adapter adapter = model.adapter("default");
        INDArray x = Nd4j.ones(DataType.FLOAT, 2, UserGraph.FEATURES);
        calls.put("activate", () -> model.activate(NAME, NAME));
        calls.put("activate many", () -> model.activate(many("a").toArray(String[]::new)));
        calls.put("addAdapter", () -> model.addAdapter(NAME, config(), 1));
        calls.put("removeAdapter", () -> model.removeAdapter(NAME));
        calls.put("adapter", () -> model.adapter(NAME));
        calls.put("setTrainable", () -> model.setTrainable(NAME, true));
        calls.put("outputs", () -> model.output(Map.of("input", x), NAME));
        calls.put(
                "many outputs", () -> model.output(Map.of("input", x), many("o").toArray(String[]::new)));
        calls.put("placeholders", () -> model.output(Map.of(NAME, x), "scores"));
        calls.put("many placeholders", () -> model.output(manyOf(i -> x), "scores"));
        calls.put("another adapter", () -> model.addAdapter("other", adapterOf(NAME)));
        calls.put("delta of a module", () -> AdapterAlgebra.deltaWeight(adapter, NAME));
        calls.put(
                "combined adapters",
                () -> Combine.of(adapterOf(NAME), savedOf(NAME), savedOf(NAME))
                        .weights(1, 1, 1)
                        .combine());
        calls.put(
                "extraction",
                () -> LoraExtraction.of(LoraConfig.builder().targetModules(NAME).build())
                        .extract(Map.of(NAME, x), manyOf(i -> x)));
        calls.put(
                "merging into weights",
                () -> WeightMerge.merged(
                        ModelWeights.of(Map.of("a.weight", x)), List.of(adapterOf(NAME), savedOf(NAME))));
        calls.put(
                "a parameter of weights", () -> ModelWeights.of(Map.of("a", x)).get(NAME));
        calls.put(
                "output of a server",
                () -> AdapterServer.builder(UserGraph.create())
                        .outputs(NAME)
                        .example(Map.of("input", x))
                        .build());
        calls.put("adapters of a server", () -> server(x).output(Map.of("input", x), List.of(NAME, NAME + "2")));
        calls.put("registering", () -> {
            AdapterServer server = server(x);
            server.register(NAME, adapter);
            server.register(NAME, adapter);
        });
        calls.put("an adapter that does not fit a server", () -> server(x).register(NAME, adapterOf(NAME)));
    }

    private static AdapterServer server(INDArray x) {
        return AdapterServer.builder(UserGraph.create())
                .outputs("scores")
                .example(Map.of("input", Nd4j.rand(DataType.FLOAT, x.shape())))
                .build();
    }

    private static Adapter adapterOf(String module) {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .targetModules(ModuleSelector.suffixes(module))
                .build();
        INDArray one = Nd4j.ones(DataType.FLOAT, 1, 1);
        return Adapter.of(config, Map.of(module, Map.of("lora_A.weight", one, "lora_B.weight", one)), Map.of());
    }

    private static Adapter savedOf(String module) {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .targetModules("a")
                .modulesToSave(module)
                .build();
        INDArray one = Nd4j.ones(DataType.FLOAT, 1, 1);
        return Adapter.of(
                config,
                Map.of("a", Map.of("lora_A.weight", one, "lora_B.weight", one)),
                Map.of(module + ".weight", one));
    }

    private void addTraining() {
        AdaptedSameDiff model = Lora.inject(UserGraph.create(), config(), 1);
        TrainingPlan.Builder plan = TrainingPlan.builder().epochs(1).optimizer(AdamW.of(1e-3));
        INDArray x = Nd4j.ones(DataType.FLOAT, 2, UserGraph.FEATURES);
        calls.put(
                "placeholders of data sets",
                () -> Trainer.builder(model)
                        .plan(plan.build())
                        .build()
                        .train(Batches.of(UserGraph.iterator(), DataSetPlaceholders.of(NAME, "labels"))));
        AdaptedNetwork<MultiLayerNetwork> network = Lora.inject(
                network("fc"), LoraConfig.builder().targetModules("fc").build(), 1);
        calls.put(
                "names of a network's arrays",
                () -> network.trainable(new DataSetPlaceholders(List.of(NAME, "b"), many("l"), List.of(), List.of())));
        calls.put(
                "placeholders of a network's batch",
                () -> network.trainable(DataSetPlaceholders.of(NAME, "labels"))
                        .executor()
                        .gradients(manyOf(i -> x), 0));
        calls.put("placeholders of a batch", () -> Batch.of(Collections.singletonMap(NAME, null), 1));
        calls.put(
                "many placeholders of a batch",
                () -> Trainer.builder(model)
                        .plan(plan.build())
                        .build()
                        .train(Batches.inOrder(List.of(Batch.of(manyOf(i -> x), 2)))));
        calls.put(
                "a parameter group",
                () -> Trainer.builder(model)
                        .plan(TrainingPlan.builder()
                                .epochs(1)
                                .group(ParameterGroup.matchingModule(NAME))
                                .build())
                        .build()
                        .train(Batches.of(UserGraph.iterator(), DataSetPlaceholders.of("input", "labels"))));
        calls.put(
                "an allowed expression",
                () -> TrainingPlan.builder()
                        .epochs(1)
                        .allowWithoutGradient("(" + NAME)
                        .build());
        calls.put("checkpoints", () -> {
            Path directory = Files.createDirectories(folder.resolve("checkpoints"));
            for (int i = 1; i < 20; i++) {
                Path file = directory.resolve("checkpoint-" + String.format(Locale.ROOT, "%012d", i) + ".safetensors");
                Files.write(file, header(Map.of(NAME + i, Map.of())));
            }
            try (CheckpointFolder checkpoints = CheckpointFolder.open(directory)) {
                checkpoints.useLatest(content -> {});
            }
            throw new IOException("no checkpoint was read, which the name of these files may be the reason of");
        });
        calls.put("trainable weights", () -> TrainableGraph.of(UserGraph.create(), List.of(NAME)));
    }

    private void addTensorFiles() throws IOException {
        Map<String, Object> wrong = Map.of("dtype", "F32", "shape", List.of(3), "data_offsets", List.of(0, 8));
        calls.put("a tensor of safetensors", () -> SafetensorsReader.open(safetensors(Map.of(NAME, wrong))));
        calls.put("many tensors of safetensors", () -> SafetensorsReader.open(safetensors(manyOf(i -> wrong))));
        calls.put(
                "the type of a tensor",
                () -> SafetensorsReader.open(safetensors(
                        Map.of("a", Map.of("dtype", NAME, "shape", List.of(3), "data_offsets", List.of(0, 8))))));
        calls.put(
                "the shape of a tensor",
                () -> SafetensorsReader.open(safetensors(Map.of(
                        "a",
                        Map.of(
                                "dtype",
                                "F32",
                                "shape",
                                Collections.nCopies(100_000, 2),
                                "data_offsets",
                                List.of(0, 8))))));
        calls.put(
                "metadata of safetensors",
                () -> SafetensorsReader.open(safetensors(Map.of("__metadata__", Map.of(NAME, List.of(NAME))))));
        calls.put("a field of a tensor", () -> SafetensorsReader.open(safetensors(Map.of("a", Map.of(NAME, 1)))));
        calls.put("a tensor to write", () -> {
            TensorSource source = TensorSource.of(NAME, DType.F32, new long[] {2}, ByteBuffer.allocate(8));
            SafetensorsWriter.write(folder.resolve("twice.safetensors"), List.of(source, source), Map.of());
        });
        calls.put(
                "a pickle",
                () -> TorchReader.open(zip(
                        "archive/data.pkl",
                        ("\u0080\u0002cos\n" + NAME.replace("\n", "") + "\n.").getBytes(StandardCharsets.ISO_8859_1))));
        calls.put("an entry of a zip", () -> TorchReader.open(zip("x".repeat(60_000), new byte[] {1})));
        calls.put(
                "an entry of a network",
                () -> NetworkFile.readMultiLayerNetwork(zip("x".repeat(60_000), new byte[] {1})));
        calls.put(
                "a class of a network",
                () -> NetworkFile.readMultiLayerNetwork(zip(
                        "configuration.json", json(Map.of("confs", List.of(Map.of("@class", NAME)))))));
        calls.put("an ONNX tensor", () -> OnnxInitializers.read(onnx(NAME)));
        calls.put("a router", () -> TaskRouter.load(router(Map.of("version", NAME))));
        calls.put("a router of many values", () -> TaskRouter.load(router(Map.of("version", many("v")))));
        calls.put(
                "a router of many tasks",
                () -> TaskRouter.load(router(Map.of(
                        "version",
                        1,
                        "tasks",
                        Collections.nCopies(200_000, List.of(NAME.substring(0, 20))),
                        "prototypesOfTasks",
                        NAME,
                        "examples",
                        many("e"),
                        "examplesFor",
                        Map.of(NAME, NAME)))));
        calls.put("metadata of a router", () -> TaskRouter.load(safetensors(Map.of("__metadata__", manyOf(i -> "x")))));
        calls.put("a report", () -> ForgettingReport.fromJson(text(Map.of(NAME, many("x"), "tasks", NAME))));
        calls.put("a report that is no JSON", () -> ForgettingReport.fromJson("{\"a\":" + NAME));
    }

    private static byte[] json(Object value) throws IOException {
        return new ObjectMapper().writeValueAsBytes(value);
    }

    private static String text(Object value) throws IOException {
        return new ObjectMapper().writeValueAsString(value);
    }

    private static byte[] header(Map<String, ?> fields) throws IOException {
        byte[] header = json(fields);
        return ByteBuffer.allocate(8 + header.length + 8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .array();
    }

    private Path safetensors(Map<String, ?> fields) throws IOException {
        return Files.write(folder.resolve("x.safetensors"), header(fields));
    }

    private Path router(Map<String, ?> fields) throws IOException {
        return safetensors(Map.of("__metadata__", Map.of("lora4j_task_router", text(fields))));
    }

    private Path zip(String entry, byte[] content) throws IOException {
        Path file = folder.resolve("x.zip");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            ZipEntry stored = new ZipEntry(entry);
            zip.putNextEntry(stored);
            zip.write(content);
            zip.closeEntry();
        }
        return file;
    }

    private Path onnx(String name) throws IOException {
        Onnx.GraphProto.Builder graph = Onnx.GraphProto.newBuilder();
        for (int i = 0; i < 20; i++) {
            graph.addInitializer(Onnx.TensorProto.newBuilder()
                    .setName(name)
                    .setDataType(Onnx.TensorProto.DataType.FLOAT_VALUE)
                    .addDims(i)
                    .addAllDims(Collections.nCopies(10_000, 1L)));
        }
        Onnx.ModelProto model = Onnx.ModelProto.newBuilder().setGraph(graph).build();
        return Files.write(folder.resolve("x.onnx"), model.toByteArray());
    }

    private void addModelDirectories() {
        calls.put("fields of an example", () -> example(Map.of(NAME, 1)));
        calls.put("messages of an example", () -> example(Map.of("messages", NAME)));
        calls.put("a role of an example", () -> example(Map.of("messages", List.of(Map.of("role", List.of(NAME))))));
        calls.put("fields of a generation config", () -> generation(manyOf(i -> i)));
        calls.put("a field of a generation config", () -> generation(Map.of(NAME, 1)));
        calls.put(
                "values of a generation config",
                () -> generation(
                        Map.of("temperature", NAME, "num_beams", many("b"), "stop_strings", Map.of(NAME, NAME))));
        calls.put(
                "stop strings",
                () -> GenerationConfig.builder().stopStrings(NAME, "", NAME).build());
        calls.put(
                "values of a PEFT config",
                () -> Adapter.load(adapter(Map.of(
                        "peft_type",
                        "LORA",
                        "r",
                        NAME,
                        "target_modules",
                        many("t"),
                        "bias",
                        NAME,
                        "rank_pattern",
                        Map.of(NAME, NAME)))));
        calls.put("the method of a PEFT config", () -> Adapter.load(adapter(Map.of("peft_type", NAME))));
        calls.put(
                "options of a PEFT config",
                () -> Adapter.load(adapter(Map.of(
                        "peft_type",
                        "LORA",
                        "r",
                        1,
                        "target_modules",
                        NAME,
                        "use_qalora",
                        many("q"),
                        "megatron_config",
                        Map.of(NAME, NAME)))));
        calls.put("a PEFT config that is no JSON", () -> {
            Path directory = adapter(Map.of());
            Files.writeString(directory.resolve("adapter_config.json"), "{\"r\": " + NAME);
            Adapter.load(directory);
        });
        calls.put(
                "tensors of an adapter",
                () -> Adapter.load(adapter(Map.of("peft_type", "LORA", "r", 1, "target_modules", List.of("a")))));
        calls.put(
                "keys of an adapter",
                () -> AdapterLoader.of(adapter(Map.of()))
                        .config(config())
                        .keyMapping(Map.of("(" + NAME, "x"))
                        .load());
        calls.put(
                "a model's config",
                () -> PretrainedEncoder.load(model(Map.of(
                        "model_type",
                        "bert",
                        "hidden_size",
                        NAME,
                        "hidden_act",
                        NAME,
                        "num_hidden_layers",
                        many("n"),
                        "position_embedding_type",
                        NAME))));
        calls.put("a model's type", () -> PretrainedEncoder.load(model(Map.of("model_type", NAME))));
        calls.put("a model's index", () -> {
            Path directory = model(Map.of());
            Files.deleteIfExists(directory.resolve("model.safetensors"));
            Files.write(
                    directory.resolve("model.safetensors.index.json"),
                    json(Map.of("weight_map", Map.of(NAME, NAME, "a", "../" + NAME, "b", many("x")))));
            Checkpoint.open(directory);
        });
        calls.put(
                "tensors of a model",
                () -> PretrainedEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("tiny")))
                        .weights()
                        .tensor(NAME));
        calls.put("other tensors of a model", () -> {
            Path directory = TinyModelFiles.writeDirectory(folder.resolve("others"));
            Files.write(directory.resolve("model.safetensors"), header(manyOf(i -> tensor())));
            PretrainedEncoder.load(directory);
        });
        calls.put(
                "weights of an encoder",
                () -> EncoderWeights.of(
                        EncoderConfig.bert(1, 2, 1, 2, 3, 4, 2), Map.of(NAME, Nd4j.ones(DataType.FLOAT, 1))));
        calls.put(
                "a tokenizer",
                () -> HuggingFaceTextTokenizer.load(
                        Files.writeString(
                                folder.resolve("tokenizer.json"), text(Map.of("model", Map.of("type", NAME)))),
                        8));
        calls.put("tasks of a directory", () -> {
            Path directory = Files.createDirectories(folder.resolve("multitask"));
            Map<String, String> metadata = new LinkedHashMap<>(Map.of(
                    "lora4j.multitask", "1", "experts", NAME, "shared", NAME, "task.0", "a/" + NAME, "task.1", NAME));
            for (int i = 2; i < 1_000; i++) {
                metadata.put("task." + i, "../" + i);
            }
            Files.write(directory.resolve("multitask.safetensors"), header(Map.of("__metadata__", metadata)));
            MultiTaskAdapter.load(directory);
        });
        calls.put("the version of a directory of tasks", () -> {
            Path directory = Files.createDirectories(folder.resolve("version"));
            Files.write(
                    directory.resolve("multitask.safetensors"),
                    header(Map.of("__metadata__", Map.of("lora4j.multitask", NAME))));
            MultiTaskAdapter.load(directory);
        });
        calls.put("a path", () -> Adapter.load(folder.resolve("x".repeat(200_000))));
        calls.put("the path of a tokenizer", () -> HuggingFaceTextTokenizer.load(Path.of("y\n".repeat(200_000)), 8));
        calls.put("the path of a model", () -> PretrainedEncoder.load(Path.of("y\n".repeat(200_000))));
        calls.put("the path of a network", () -> NetworkFile.readMultiLayerNetwork(Path.of("y\n".repeat(200_000))));
    }

    private static Map<String, Object> tensor() {
        return Map.of("dtype", "F32", "shape", List.of(0), "data_offsets", List.of(0, 0));
    }

    private void example(Map<String, ?> fields) throws IOException {
        LmExample.jsonLines(Files.write(folder.resolve("examples.jsonl"), json(fields)));
    }

    private void generation(Map<String, ?> fields) throws IOException {
        GenerationConfig.read(Files.write(folder.resolve("generation_config.json"), json(fields)));
    }

    private Path adapter(Map<String, ?> config) throws IOException {
        Path directory = Files.createDirectories(folder.resolve("adapter"));
        Files.write(directory.resolve("adapter_config.json"), json(config));
        Map<String, Object> tensors = new LinkedHashMap<>(manyOf(i -> tensor()));
        tensors.put(NAME, tensor());
        Files.write(directory.resolve("adapter_model.safetensors"), header0(tensors));
        return directory;
    }

    /** Without data, so that the tensors without elements are right. */
    private static byte[] header0(Map<String, ?> fields) throws IOException {
        byte[] bytes = header(fields);
        return java.util.Arrays.copyOf(bytes, bytes.length - 8);
    }

    private Path model(Map<String, ?> config) throws IOException {
        Path directory = Files.createDirectories(folder.resolve("model"));
        Files.write(directory.resolve("config.json"), json(config));
        Files.write(directory.resolve("model.safetensors"), header0(manyOf(i -> tensor())));
        return directory;
    }

    private void addLanguageModels() throws IOException {
        String name = "a".repeat(400_000);
        Map<String, String> templates = Map.of(
                "a filter of a chat template", "{{ x | " + name + " }}",
                "a statement of a chat template", "{% " + name + " %}",
                "a character of a chat template", "{{ \u202e }}");
        templates.forEach((what, template) -> calls.put(what, () -> ChatTemplate.of(template, Map.of())));
        ChatTemplate raising = ChatTemplate.of("{{ raise_exception(messages[0].content) }}", Map.of());
        calls.put("words of a chat template", () -> raising.render(List.of(ChatMessage.user(NAME)), false));
        calls.put(
                "a member in a chat template",
                () -> ChatTemplate.of("{{ messages." + name + ".b }}", Map.of()).render(List.of(), false));
        calls.put("a name of a chat template", () -> raising.named(NAME));
        Path chats = Files.createDirectory(folder.resolve("chats"));
        new ObjectMapper()
                .writeValue(
                        chats.resolve("tokenizer_config.json").toFile(),
                        Map.of("chat_template", List.of(Map.of(NAME, NAME))));
        calls.put("entries of chat templates", () -> ChatTemplate.load(chats));
        Path token = Files.createDirectory(folder.resolve("token"));
        new ObjectMapper()
                .writeValue(
                        token.resolve("tokenizer.json").toFile(), Map.of("model", Map.of("vocab", Map.of(NAME, -1))));
        calls.put("a token of a tokenizer", () -> LanguageTokenizer.load(token));
        Path type = Files.createDirectory(folder.resolve("type"));
        new ObjectMapper()
                .writeValue(
                        type.resolve("tokenizer.json").toFile(),
                        Map.of("model", Map.of("type", NAME, "vocab", Map.of(NAME, 0))));
        calls.put("the kind of a tokenizer", () -> LanguageTokenizer.load(type));
        addExportsOfDecoders();
    }

    private void addExportsOfDecoders() throws IOException {
        Path base = TinyLlama2c.convert(Files.createDirectory(folder.resolve("decoders")), true);
        Map<String, Map<String, Object>> models = Map.of(
                "tokens of a tokenizer for GGUF",
                        Map.of("type", "BPE", "byte_fallback", true, "vocab", manyOf(i -> -1), "merges", many("a b c")),
                "words of a tokenizer for GGUF", Map.of("type", "BPE", "dropout", NAME, "vocab", Map.of(NAME, 5)),
                "the kind of a tokenizer for GGUF", Map.of("type", NAME));
        models.forEach((what, model) -> calls.put(what, () -> {
            Map<String, Object> fields = Map.of(
                    "model", model,
                    "normalizer", Map.of("type", NAME),
                    "pre_tokenizer", Map.of("type", NAME),
                    "post_processor", Map.of("type", NAME),
                    "added_tokens", List.of(Map.of("content", NAME, "id", NAME, "lstrip", true)));
            Files.write(base.resolve("tokenizer.json"), json(fields));
            GgufExport.of(base).write(folder.resolve("out"));
        }));
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        for (int i = 0; i < MANY; i++) {
            modules.put(
                    "evil\u202e" + i + ".q_proj",
                    Map.of("lora_A.weight", Nd4j.ones(1, 2), "lora_B.weight", Nd4j.ones(2, 1)));
        }
        LoraConfig config =
                LoraConfig.builder().rank(1).alpha(1).targetModules("q_proj").build();
        Adapter adapter = Adapter.of(config, modules, Map.of());
        calls.put(
                "modules of an adapter for GGUF",
                () -> GgufAdapterExport.of(base, adapter).write(folder.resolve("out")));
        calls.put(
                "modules of an adapter for a directory",
                () -> CausalLmExport.of(base).adapter(adapter).write(folder.resolve("out")));
        byte[] token = NAME.getBytes(StandardCharsets.UTF_8);
        ByteBuffer vocabulary = ByteBuffer.allocate(12 + token.length).order(ByteOrder.LITTLE_ENDIAN);
        vocabulary.putInt(token.length).putFloat(0).putInt(token.length).put(token);
        Path file = Files.write(folder.resolve("llama2c.tok"), vocabulary.array());
        calls.put("a token of llama2.c", () -> Llama2cCheckpoint.scores(file));
    }

    private void addValues() {
        INDArray x = Nd4j.rand(DataType.FLOAT, 4, 3);
        TextTokenizer silent = new TextTokenizer() {
            @Override
            public int[] encode(String text) {
                return new int[0];
            }

            @Override
            public int maxLength() {
                return 8;
            }
        };
        calls.put("a text without ids", () -> LengthBuckets.of(List.of(new TextExample(NAME, 0)), silent, 2, 1));
        calls.put(
                "many labels",
                () -> LengthBuckets.of(Collections.nCopies(MANY, new TextExample("a", 7)), silent, 2, 1));
        calls.put("a text with a wrong label", () -> new TextExample(NAME, -1));
        calls.put(
                "a task of a router", () -> TaskRouter.euclidean().with(NAME, x).with(NAME, x));
        calls.put(
                "a task that a router does not know",
                () -> TaskRouter.euclidean().with("a", x).without(NAME));
        calls.put("a continual task", () -> ContinualTask.of(NAME, List.of(NAME), many("test"), text -> text));
        calls.put("a replayed task", () -> ReplayMemory.<String>of(2, 1).with(NAME, List.of(), text -> text));
        calls.put(
                "tasks of a report",
                () -> ForgettingReport.of(Collections.nCopies(300, NAME.substring(0, 1_000)), new double[300][300]));
        calls.put("labels of a task", () -> TaskLabels.of(List.of("a", "b")).classes(NAME, many("l")));
        calls.put("variables to explain", () -> IntegratedGradients.of(UserGraph.create(), NAME, NAME));
        calls.put(
                "an input to explain",
                () -> IntegratedGradients.of(UserGraph.create(), "input", "logits")
                        .explain(Map.of(NAME, x)));
        calls.put(
                "batches of an influence",
                () -> DataInf.of(Lora.inject(UserGraph.create(), config(), 1), List.of(Batch.of(manyOf(i -> x), 2))));
        calls.put("a head that was trained before", () -> EarlierHead.linear(NAME, x.getRow(0), x));
        calls.put(
                "features of a state",
                () -> RetentionProbe.builder(x).neighbors(1).build().report(Map.of(NAME, x.getRows(0, 1))));
        calls.put(
                "tasks trained together",
                () -> MultiTaskModel.create(
                        MultiTaskConfig.builder().shared(config()).build(),
                        List.of(new Task(NAME, UserGraph.create(), NAME), new Task(NAME, UserGraph.create(), "head")),
                        1));
    }

    @Test
    void toString_ofValuesWithArrays_showsShapesAndNoNumbers() throws IOException {
        INDArray x = Nd4j.rand(DataType.FLOAT, 64, 32);
        List<Object> values = new ArrayList<>(List.of(
                Batch.of(Map.of("input", x), 64),
                new Task("a", UserGraph.create(), "head"),
                Lora.inject(UserGraph.create(), config(), 1)
                        .trainableParameters()
                        .get(0),
                PretrainedEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("printed")))));

        assertThat(values)
                .allSatisfy(value -> assertThat(value.toString())
                        .hasSizeLessThan(400)
                        .startsWith(value.getClass().getSimpleName() + "[")
                        .doesNotContain("@", "0."));
        assertThat(values.get(0)).hasToString("Batch[{input FLOAT[64, 32]}, 64 examples, weight 64.0]");
    }
}
