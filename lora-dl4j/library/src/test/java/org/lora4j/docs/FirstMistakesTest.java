/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
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
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.model.ParameterSummary;
import org.lora4j.model.ParameterSummary.ModuleParameters;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.OnnxInitializers;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedEncoder;
import org.lora4j.pretrained.TextExample;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.serve.AdapterServer;
import org.lora4j.train.ParameterGroup;
import org.lora4j.weights.ModelWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** What a new user does wrong in the first hour, and the words that lead on. */
class FirstMistakesTest {

    @TempDir
    Path folder;

    private final LoraConfig config = LoraConfig.builder()
            .rank(2)
            .targetModules("dense1")
            .modulesToSave("head")
            .build();

    private final Map<String, ThrowingCallable> mistakes = new LinkedHashMap<>();
    private final Map<String, List<String>> words = new LinkedHashMap<>();

    private void mistake(String what, ThrowingCallable call, String... parts) {
        mistakes.put(what, call);
        words.put(what, List.of(parts));
    }

    @TestFactory
    Stream<DynamicTest> mistake_saysWhatIsThereAndWhatToDo() throws IOException {
        addGraphs();
        addInputs();
        addFiles();
        addNetworks();
        return mistakes.keySet().stream()
                .map(what -> DynamicTest.dynamicTest(
                        what,
                        () -> assertThatThrownBy(mistakes.get(what))
                                .satisfies(thrown -> words.get(what)
                                        .forEach(part ->
                                                assertThat(thrown.getMessage()).contains(part)))));
    }

    private AdaptedSameDiff model() {
        return Lora.inject(UserGraph.create(), config, 42);
    }

    private void addGraphs() {
        SameDiff bert = EncoderClassifier.create(
                        EncoderWeights.random(EncoderConfig.bert(2, 8, 2, 16, 12, 16, 2), 1, DataType.FLOAT),
                        Pooling.MEAN,
                        2,
                        1)
                .graph();
        LoraConfig llama =
                LoraConfig.builder().targetModules("q_proj", "v_proj").build();
        mistake(
                "targets of another architecture",
                () -> Lora.inject(bert, llama, 1),
                "\"q_proj\" matches no module",
                "other names in this architecture: ",
                "\"query\", \"key\", \"value\"",
                "ModuleSelector.allLinear()");
        mistake(
                "a weight as a target",
                () -> Lora.inject(
                        UserGraph.create(),
                        LoraConfig.builder().targetModules("dense1.weight").build(),
                        1),
                "it is a part of the module \"dense1\"");
        mistake("no graph", () -> Lora.inject((SameDiff) null, config, 1), "the graph is null");
        mistake("no modules of nothing", () -> Lora.modules((SameDiff) null), "the graph is null");
        mistake("no config", () -> Lora.inject(UserGraph.create(), null, 1), "config is null");
        mistake("no adapter", () -> model().addAdapter("a", (Adapter) null), "adapter is null");
        mistake(
                "an adapted graph",
                () -> Lora.inject(model().graph(), config, 1),
                "adapted already",
                "\"dense1.lora_A.default\"",
                "addAdapter",
                "mergeAndUnload()");
        mistake("a group of no name", () -> ParameterGroup.matchingName("*.weight"), "\"*.weight\" is not a regular");
    }

    private void addInputs() {
        INDArray x = UserGraph.examples(3).getFeatures();
        INDArray closed = x.dup();
        closed.close();
        mistake(
                "an output that is not there",
                () -> model().output(Map.of("input", x), "logits"),
                "no variable \"logits\" to compute",
                "outputs of the graph: \"loss\", \"scores\"");
        mistake("no outputs", () -> model().output(Map.of("input", x)), "no output to compute", "\"scores\"");
        mistake("no name of an output", () -> model().output(Map.of("input", x), (String) null), "no variable null");
        mistake("no inputs", () -> model().output(null, "scores"), "the placeholders are null");
        mistake(
                "an array without an array",
                () -> model().output(Collections.singletonMap("input", null), "scores"),
                "placeholder \"input\" FLOAT[-1, 8] is missing");
        mistake(
                "a closed array",
                () -> model().output(Map.of("input", closed), "scores"),
                "\"input\" FLOAT[-1, 8] was given an array that is closed");
        mistake(
                "an array without elements",
                () -> model().output(Map.of("input", Nd4j.create(DataType.FLOAT, 0, 8)), "scores"),
                "was given FLOAT[0, 8], which has no elements");
        mistake(
                "an output of a server",
                () -> AdapterServer.builder(UserGraph.create())
                        .outputs("logits")
                        .example(Map.of("input", x))
                        .build(),
                "output \"logits\" is no variable of the graph",
                "its outputs are \"loss\", \"scores\"");
    }

    private void addFiles() throws IOException {
        Path directory = TinyModelFiles.writeDirectory(folder.resolve("model"));
        mistake(
                "a directory without a tokenizer",
                () -> HuggingFaceTextTokenizer.load(Files.createDirectories(folder.resolve("empty")), 16),
                "empty/tokenizer.json: no such file; expected the tokenizer.json of a model");
        mistake("a directory as ONNX file", () -> OnnxInitializers.read(directory), "is a directory; expected an ONNX");
        mistake(
                "a directory as network",
                () -> NetworkFile.readMultiLayerNetwork(directory),
                "is a directory; expected a zip of ModelSerializer");
        mistake(
                "weights as model",
                () -> PretrainedEncoder.load(directory.resolve("model.safetensors")),
                "no such file, as model.safetensors is a file; expected the config.json of a Hugging Face model");
        mistake(
                "a folder that is not there",
                () -> ModelWeights.open(folder.resolve("nothing/model.safetensors")),
                "no such file, and no such directory; expected a safetensors file");
        mistake("no directory", () -> Adapter.load(null), "directory is null");
        HuggingFaceTextTokenizer tokenizer = HuggingFaceTextTokenizer.load(directory.resolve("tokenizer.json"), 4);
        tokenizer.close();
        mistake(
                "a closed tokenizer",
                () -> tokenizer.encode("a film"),
                "the tokenizer of " + directory.resolve("tokenizer.json") + " is closed; expected an open one.",
                "Use it before close(), or load it again.");
        mistake(
                "closed weights",
                () -> {
                    ModelWeights weights = ModelWeights.open(directory);
                    weights.close();
                    weights.get("classifier.weight");
                },
                directory + " is closed; expected it open");
        mistake("no texts", () -> LengthBuckets.of(null, tokenizer, 2, 2), "examples are null");
        mistake(
                "no tokenizer",
                () -> LengthBuckets.of(List.of(new TextExample("a", 0)), null, 2, 2),
                "tokenizer is null");
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new DenseLayer.Builder().name("fc").nIn(8).nOut(16).build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
                        .name("head")
                        .nIn(16)
                        .nOut(3)
                        .build())
                .build());
        network.init();
        return network;
    }

    private void addNetworks() {
        LoraConfig fc = LoraConfig.builder().rank(2).targetModules("fc").build();
        mistake("no config for a network", () -> Lora.inject(network(), null, 1), "config is null");
        mistake(
                "targets of another network",
                () -> Lora.inject(
                        network(), LoraConfig.builder().targetModules("q_proj").build(), 1),
                "other names in this architecture: \"fc\", \"head\"");
        mistake(
                "an adapted network",
                () -> Lora.inject(Lora.inject(network(), fc, 1).network(), fc, 1),
                "layer \"fc\" is adapted already",
                "Call addAdapter on the AdaptedNetwork",
                "base()");
    }

    @Test
    void head_thatLearnedAndIsNeitherTargetNorSaved_isTold() {
        LoraConfig inner = LoraConfig.builder().rank(2).targetModules("dense1").build();

        assertThat(Lora.inject(UserGraph.create(), inner, 1).parameterSummary().frozenHeads())
                .containsExactly("head");
        assertThat(model().parameterSummary().frozenHeads()).isEmpty();
        assertThat(Lora.inject(
                                network(),
                                LoraConfig.builder().targetModules("fc").build(),
                                1)
                        .parameterSummary()
                        .frozenHeads())
                .containsExactly("head");
        assertThat(Lora.inject(
                                network(),
                                LoraConfig.builder().targetModules("fc", "head").build(),
                                1)
                        .parameterSummary()
                        .frozenHeads())
                .isEmpty();
    }

    @Test
    void head_thatIsConstantInTheGraph_mayStay() {
        SameDiff graph = UserGraph.create();
        graph.convertToConstants(List.of(graph.getVariable("head.weight"), graph.getVariable("head.bias")));

        ParameterSummary summary = Lora.inject(
                        graph, LoraConfig.builder().targetModules("dense1").build(), 1)
                .parameterSummary();

        assertThat(summary.frozenHeads()).isEmpty();
    }

    @Test
    void rank_beyondTheSizesOfTheModule_isListed() {
        LoraConfig huge =
                LoraConfig.builder().rank(5_000).targetModules("dense1").build();

        assertThat(Lora.inject(UserGraph.create(), huge, 1).parameterSummary().modules())
                .extracting(ModuleParameters::path, ModuleParameters::rank, ModuleParameters::fullRank)
                .containsExactly(tuple("dense1", 5_000, true));
    }

    @Test
    void texts_thatAreTooLong_areCounted() throws IOException {
        Path file = TinyModelFiles.writeTokenizer(folder);
        List<TextExample> examples = List.of(
                new TextExample("a very good film", 0), new TextExample("good film", 1), new TextExample("bad", 1));

        try (HuggingFaceTextTokenizer tokenizer = HuggingFaceTextTokenizer.load(file, 4)) {
            LengthBuckets buckets = LengthBuckets.of(examples, tokenizer, 2, 2);

            assertThat(buckets.cutTexts()).isEqualTo(1);
            assertThat(buckets.withTokenBudget(8).cutTexts()).isEqualTo(1);
            assertThat(buckets)
                    .hasToString(
                            "LengthBuckets[3 texts padded to [3, 4] tokens, 0 % of all is padding, 1 cut, 2 batches]");
            assertThat(buckets.batches().description())
                    .isEqualTo("3 texts padded to [3, 4] tokens, 0 % of all is padding, 1 cut, 2 batches");
            assertThat(buckets.inOrder().next())
                    .hasToString("EncodedBatch[ids INT[1, 3], mask FLOAT[1, 3], labels FLOAT[1, 2]]");
        }
    }
}
