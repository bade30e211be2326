/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.badinput;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.NoMatchingModuleException;
import org.lora4j.integration.GraphState;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.OnnxInitializers;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TextExample;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a bad input gets, end to end: one message that names the thing, what was found and expected and what to do; the base
 * model untouched; nothing half-written.
 */
class BadInputTest {

    private static final int HIDDEN = 8;
    private static final int LAYERS = 2;
    private static final int CLASSES = 3;
    private static final String ONNX = "all-minilm-l6-v2.onnx";
    private static final String CONFIG = "adapter_config.json";
    private static final String WEIGHTS = "adapter_model.safetensors";

    @TempDir
    private Path directory;

    private EncoderClassifier classifier;
    private AdaptedSameDiff model;
    private GraphState baseBefore;
    private float[] logitsBefore;

    @BeforeEach
    void build() {
        classifier = classifier(LAYERS, HIDDEN, CLASSES);
        baseBefore = GraphState.of(classifier.graph());
        model = Lora.inject(classifier.graph(), config().build(), 1);
        logitsBefore = logits();
    }

    private static EncoderClassifier classifier(int layers, int hidden, int classes) {
        EncoderConfig config = EncoderConfig.bert(layers, hidden, 2, 16, 50, 20, 2);
        return EncoderClassifier.create(EncoderWeights.random(config, 1, DataType.FLOAT), Pooling.MEAN, classes, 1);
    }

    private static LoraConfig.Builder config() {
        return LoraConfig.builder()
                .rank(2)
                .targetModules(ModuleSelector.allLinear())
                .modulesToSave(EncoderClassifier.HEAD);
    }

    @AfterEach
    void baseIsUntouchedAndTheModelStillWorks() {
        assertThat(GraphState.of(classifier.graph())).isEqualTo(baseBefore);
        assertThat(logits()).containsExactly(logitsBefore);
    }

    private float[] logits() {
        return model.output(batch(6), EncoderClassifier.LOGITS)
                .get(EncoderClassifier.LOGITS)
                .ravel()
                .toFloatVector();
    }

    /** Two texts of six tokens, with a mask of some length. */
    private static Map<String, INDArray> batch(int maskLength) {
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(new int[][] {{1, 2, 3, 4, 5, 6}, {7, 8, 9, 10, 11, 12}
        }));
        batch.put(EncoderGraph.ATTENTION_MASK, Nd4j.ones(DataType.FLOAT, 2, maskLength));
        batch.put(EncoderClassifier.LABELS, Nd4j.createFromArray(new float[][] {{1, 0, 0}, {0, 0, 1}}));
        return batch;
    }

    private Path savedAdapter() throws IOException {
        Path saved = directory.resolve("adapter");
        model.adapter("default").save(saved);
        return saved;
    }

    private static void cutInHalf(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
    }

    // Files of a base model

    @Test
    void read_anOnnxFileCutShort_saysWhichAndThatItIsTruncated() throws IOException {
        Path file = directory.resolve("model.onnx");
        try (InputStream in = getClass().getClassLoader().getResourceAsStream(ONNX)) {
            Files.write(file, in.readNBytes(1_000_000));
        }

        assertThatThrownBy(() -> OnnxInitializers.read(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("truncated");
    }

    @Test
    void read_aFileThatIsNoOnnxModel_saysSo() throws IOException {
        Path file = directory.resolve("model.onnx");
        Files.writeString(file, "{\"this\": \"is the tokenizer, not the model\"}");

        assertThatThrownBy(() -> OnnxInitializers.read(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("xpected an ONNX model");
    }

    @Test
    void read_anOnnxFileThatIsMissing_namesIt() {
        Path file = directory.resolve("model.onnx");

        assertThatThrownBy(() -> OnnxInitializers.read(file))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("Check the path");
    }

    // Directories of adapters

    @Test
    void load_aDirectoryThatIsMissing_namesItAndBothFiles() {
        Path missing = directory.resolve("nowhere");

        assertThatThrownBy(() -> Lora.load(classifier.graph(), missing))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining(missing.toString())
                .hasMessageContaining(CONFIG)
                .hasMessageContaining(WEIGHTS)
                .hasMessageContaining("Expected the directory of a PEFT adapter");
    }

    @Test
    void load_anEmptyDirectory_namesItAndBothFiles() {
        assertThatThrownBy(() -> Lora.load(classifier.graph(), directory))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContaining(CONFIG)
                .hasMessageContaining(WEIGHTS);
    }

    @Test
    void load_anAdapterWithoutWeights_namesTheMissingFileOnly() throws IOException {
        Path saved = savedAdapter();
        Files.delete(saved.resolve(WEIGHTS));

        assertThatThrownBy(() -> Lora.load(classifier.graph(), saved))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("no file " + WEIGHTS)
                .hasMessageNotContaining("no file " + CONFIG);
    }

    @Test
    void load_weightsCutShort_saysWhichFileAndWhatToDo() throws IOException {
        Path saved = savedAdapter();
        cutInHalf(saved.resolve(WEIGHTS));

        assertThatThrownBy(() -> Lora.load(classifier.graph(), saved))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining(saved.resolve(WEIGHTS).toString())
                .hasMessageContaining("truncated");
    }

    @Test
    void load_aConfigCutShort_saysWhichFileAndWhatToDo() throws IOException {
        Path saved = savedAdapter();
        cutInHalf(saved.resolve(CONFIG));

        assertThatThrownBy(() -> Lora.load(classifier.graph(), saved))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining(saved.resolve(CONFIG).toString())
                .hasMessageContaining("get it again");
    }

    @Test
    void load_forABaseOfAnotherWidth_saysBothShapes() throws IOException {
        Path saved = savedAdapter();

        assertThatThrownBy(() -> Lora.load(classifier(LAYERS, 12, CLASSES).graph(), saved))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining(saved.toString())
                .hasMessageContaining("lora_A.weight has shape [2, 8]; expected [2, 12]")
                .hasMessageContaining("another base model");
    }

    @Test
    void load_forABaseWithFewerLayers_namesTheModulesThatAreLeftOver() throws IOException {
        Path saved = savedAdapter();

        assertThatThrownBy(() -> Lora.load(classifier(1, HIDDEN, CLASSES).graph(), saved))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("6 problems")
                .hasMessageContaining("\"encoder.layer.1.attention.self.query\" of the adapter is not in the graph");
    }

    @Test
    void load_forABaseWithMoreLayers_namesTheModulesWithoutTensors() throws IOException {
        LoraConfig everyQuery = config().targetModules("query").build();
        Path saved = directory.resolve("adapter");
        Lora.inject(classifier.graph(), everyQuery, 1).adapter("default").save(saved);

        assertThatThrownBy(() -> Lora.load(classifier(3, HIDDEN, CLASSES).graph(), saved))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("\"encoder.layer.2.attention.self.query\"");
    }

    @Test
    void load_forABaseWithAnotherHead_namesTheHead() throws IOException {
        Path saved = savedAdapter();

        assertThatThrownBy(() -> Lora.load(classifier(LAYERS, HIDDEN, 4).graph(), saved))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("\"classifier.weight\" has shape [3, 8]; expected [4, 8]");
    }

    @Test
    void addAdapter_thatDoesNotFit_leavesTheModelWithoutIt() throws IOException {
        Adapter other = Lora.inject(classifier(LAYERS, 12, CLASSES).graph(), config().build(), 1)
                .adapter("default");

        assertThatThrownBy(() -> model.addAdapter("other", other)).isInstanceOf(IllegalArgumentException.class);

        assertThat(model.adapterNames()).containsExactly("default");
    }

    // Configs

    @Test
    void inject_targetsThatMatchNothing_namesEachWithTheClosest() {
        LoraConfig wrong =
                LoraConfig.builder().targetModules("query", "valeu", "q_proj").build();

        assertThatThrownBy(() -> Lora.inject(classifier.graph(), wrong, 1))
                .isInstanceOf(NoMatchingModuleException.class)
                .hasMessageContaining("2 problems")
                .hasMessageContaining("\"valeu\" matches no module; closest: \"value\"")
                .hasMessageContaining("\"q_proj\" matches no module")
                .hasMessageContaining("Lora.modules(graph)");
    }

    @Test
    void build_aConfigOfRankZero_saysTheRange() {
        assertThatThrownBy(() -> config().rank(0).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rank = 0, expected 1 or more");
    }

    // Batches

    @Test
    void requireValid_aMaskOfTheWrongShape_saysBothShapes() {
        assertThatThrownBy(() -> classifier.requireValid(batch(5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("attention_mask has shape [2, 5]")
                .hasMessageContaining("[2, 6]");
    }

    @Test
    void requireValid_anIdBeyondTheTable_saysTheRange() {
        Map<String, INDArray> batch = batch(6);
        batch.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(new int[][] {{1, 2, 3, 4, 5, 50}, {7, 8, 9, 10, 11, 12}
        }));

        assertThatThrownBy(() -> classifier.requireValid(batch))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("input_ids holds 50, expected ids from 0 to 49");
    }

    @Test
    void output_aMaskOfTheWrongRank_saysBothShapes() {
        Map<String, INDArray> batch = batch(6);
        batch.put(EncoderGraph.ATTENTION_MASK, Nd4j.ones(DataType.FLOAT, 2, 1, 6));

        assertThatThrownBy(() -> model.output(batch, EncoderClassifier.LOGITS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("attention_mask")
                .hasMessageContaining("[-1, -1]")
                .hasMessageContaining("[2, 1, 6]");
    }

    // The graph leaves both sizes of the mask open, so only the op that meets it can tell; the executor has to say what
    // it
    // was fed with.
    @Test
    void output_aMaskOfAnotherLengthThanTheIds_namesTheInputsAndTheirShapes() {
        assertThatThrownBy(() -> model.output(batch(5), EncoderClassifier.LOGITS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("attention_mask")
                .hasMessageContaining("[2, 5]")
                .hasMessageContaining("input_ids")
                .hasMessageContaining("[2, 6]");
    }

    @Test
    void gradients_labelsOfAnotherNumberOfClasses_saysBothShapes() {
        Map<String, INDArray> batch = batch(6);
        batch.put(EncoderClassifier.LABELS, Nd4j.zeros(DataType.FLOAT, 2, 25));

        assertThatThrownBy(() -> model.executor().gradients(batch, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("labels")
                .hasMessageContaining("[-1, 3]")
                .hasMessageContaining("[2, 25]");
    }

    @Test
    void train_onABadBatchAfterAGoodOne_failsWithoutTouchingTheFactorsAgain() {
        AdaptedSameDiff one = Lora.inject(classifier.graph(), config().build(), 1);
        AdaptedSameDiff two = Lora.inject(classifier.graph(), config().build(), 1);
        TrainingPlan plan = TrainingPlan.builder().epochs(1).seed(1).build();
        Batch good = Batch.of(batch(6), 2);
        Batch bad = Batch.of(batch(5), 2);

        Trainer.builder(one).plan(plan).build().train(Batches.inOrder(List.of(good)));
        assertThatThrownBy(() -> Trainer.builder(two).plan(plan).build().train(Batches.inOrder(List.of(good, bad))))
                .isInstanceOf(RuntimeException.class);

        assertThat(two.adapter("default")).isEqualTo(one.adapter("default"));
        assertThat(one.adapter("default")).isNotEqualTo(model.adapter("default"));
    }

    @Test
    void lengthBuckets_labelsOutOfRange_listsEachWithTheRange() throws IOException {
        List<TextExample> examples =
                List.of(new TextExample("a dog", 1), new TextExample("a tree", 25), new TextExample("joy", 99));
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(16)) {

            assertThatThrownBy(() -> LengthBuckets.of(examples, tokenizer, 25, 2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("examples[1] has label 25, expected 0 to 24")
                    .hasMessageContaining("examples[2] has label 99, expected 0 to 24");
        }
    }

    @Test
    void textExample_aCategoryThatIsUnknown_isRefused() {
        assertThatThrownBy(() -> new TextExample(
                        "a dog", List.of("noun.act", "noun.animal").indexOf("noun.dog")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("label = -1; expected a text and a label of 0 or more");
    }

    // Places to write to

    @Test
    void save_underARegularFile_saysWhereAndWhatToDo_andLeavesTheFile() throws IOException {
        Path file = directory.resolve("file");
        Files.writeString(file, "kept");

        assertThatThrownBy(() -> model.adapter("default").save(file.resolve("adapter")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.resolve("adapter").toString())
                .hasMessageContaining("save elsewhere");

        assertThat(file).hasContent("kept");
        assertThat(directory).isDirectoryContaining(file::equals).isDirectoryNotContaining(path -> !path.equals(file));
    }

    @Test
    void save_onAFullDisk_saysSo_andLeavesNothingBehind() throws Exception {
        try (SmallDisk disk = SmallDisk.mount(directory)) {
            disk.fill();

            assertThatThrownBy(() -> model.adapter("default").save(disk.path().resolve("adapter")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(disk.path().resolve("adapter").toString())
                    .hasMessageContaining("No space left on device")
                    .hasMessageContaining("Free space");

            assertThat(disk.path().resolve("adapter")).doesNotExist();
        }
    }

    @Test
    void save_overAnAdapterOnAFullDisk_keepsTheOldOne() throws Exception {
        Adapter other = Lora.inject(classifier.graph(), config().build(), 2).adapter("default");
        try (SmallDisk disk = SmallDisk.mount(directory)) {
            Path place = disk.path().resolve("adapter");
            model.adapter("default").save(place);
            Adapter old = Adapter.load(place);
            disk.fill();

            assertThatThrownBy(() -> other.save(place))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("No space left on device")
                    .hasMessageContaining("unchanged");

            assertThat(Adapter.load(place)).isEqualTo(old);
            try (var files = Files.list(place)) {
                assertThat(files.map(path -> path.getFileName().toString()))
                        .containsExactlyInAnyOrder(CONFIG, WEIGHTS, "README.md");
            }
        }
    }
}
