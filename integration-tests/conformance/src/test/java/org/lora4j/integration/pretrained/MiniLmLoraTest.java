/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.pretrained;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.integration.Arrays32;
import org.lora4j.integration.GraphState;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.MergeReport;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TextExample;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What the library promises of LoRA, on the real encoder with a head. */
class MiniLmLoraTest {

    private static final int CLASSES = 25;
    private static final int HEAD_SEED = 3;
    private static final int SEED = 11;
    private static final int EPOCHS = 4;

    /** Float sums in another order, through six layers: the project's bound for two ways to compute the same. */
    private static final double TOLERANCE = 1e-5;

    private static final List<TextExample> TEXTS = List.of(
            new TextExample("a domesticated animal that barks", 3),
            new TextExample("the act of moving something from one place to another", 0),
            new TextExample("a feeling of great happiness", 9),
            new TextExample("an instrument used by sailors to measure the height of stars", 4),
            new TextExample("a large plant with a trunk", 17),
            new TextExample("the number that is one more than six", 20),
            new TextExample("a person who teaches", 15),
            new TextExample("a quarrel", 7));

    private static SameDiff base;
    private static List<Batch> batches;
    private static GraphState baseBefore;
    private static TrainingResult result;
    private static AdaptedSameDiff trained;
    private static Adapter adapter;

    @BeforeAll
    static void train() throws IOException {
        base = classifier(MiniLm.weights(), HEAD_SEED);
        batches = batches();
        baseBefore = GraphState.of(base);
        trained = Lora.inject(base, config().build(), SEED);
        result = train(trained, EPOCHS);
        adapter = trained.adapter(AdaptedModel.DEFAULT_ADAPTER);
    }

    private static SameDiff classifier(EncoderWeights weights, long headSeed) {
        return EncoderClassifier.create(weights, Pooling.MEAN, CLASSES, headSeed)
                .graph();
    }

    private static LoraConfig.Builder config() {
        return LoraConfig.builder()
                .rank(8)
                .alpha(16)
                .targetModules(ModuleSelector.allLinear())
                .modulesToSave(EncoderClassifier.HEAD)
                .taskType("SEQ_CLS");
    }

    private static TrainingResult train(AdaptedSameDiff model, int epochs) {
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(epochs)
                .optimizer(AdamW.of(2e-3))
                .seed(SEED)
                .build();
        return Trainer.builder(model).plan(plan).build().train(Batches.inOrder(batches));
    }

    private static List<Batch> batches() throws IOException {
        List<Batch> made = new ArrayList<>();
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(16)) {
            for (int from = 0; from < TEXTS.size(); from += 4) {
                made.add(batch(TEXTS.subList(from, from + 4), tokenizer));
            }
        }
        return made;
    }

    private static Batch batch(List<TextExample> texts, HuggingFaceTextTokenizer tokenizer) {
        int[][] ids = texts.stream().map(text -> tokenizer.encode(text.text())).toArray(int[][]::new);
        int longest = Arrays.stream(ids).mapToInt(text -> text.length).max().orElseThrow();
        float[][] mask = new float[ids.length][longest];
        float[][] labels = new float[ids.length][CLASSES];
        for (int row = 0; row < ids.length; row++) {
            Arrays.fill(mask[row], 0, ids[row].length, 1);
            ids[row] = Arrays.copyOf(ids[row], longest);
            labels[row][texts.get(row).label()] = 1;
        }
        Map<String, INDArray> inputs = new LinkedHashMap<>();
        inputs.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(ids));
        inputs.put(EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(mask));
        inputs.put(EncoderClassifier.LABELS, Nd4j.createFromArray(labels));
        return Batch.of(inputs, ids.length);
    }

    /** A model of its own with the trained adapter. */
    private static AdaptedSameDiff adapted() {
        AdaptedSameDiff model = AdaptedSameDiff.of(base);
        model.addAdapter("trained", adapter);
        model.activate("trained");
        return model;
    }

    private static float[] logits(AdaptedSameDiff model) {
        return Arrays32.concat(
                batches,
                batch -> model.output(batch.placeholders(), EncoderClassifier.LOGITS)
                        .get(EncoderClassifier.LOGITS));
    }

    /** As adapted models compute it, so that equal values have equal bits. */
    private static float[] logits(SameDiff graph) {
        GraphExecutor executor = SameDiffExecutor.forInference(graph).fastest();
        return Arrays32.concat(
                batches,
                batch -> executor.output(batch.placeholders(), List.of(EncoderClassifier.LOGITS))
                        .get(EncoderClassifier.LOGITS));
    }

    private static double loss(AdaptedSameDiff model) {
        return batches.stream()
                .mapToDouble(batch -> model.output(batch.placeholders(), EncoderClassifier.LOSS)
                        .get(EncoderClassifier.LOSS)
                        .getDouble(0))
                .average()
                .orElseThrow();
    }

    @Test
    void inject_freshFactors_givesTheBaseLogitsInEveryValue() {
        AdaptedSameDiff fresh = Lora.inject(base, config().build(), SEED);

        assertThat(logits(fresh)).containsExactly(logits(base));
    }

    /** The executor of training gives the bits of {@code output}; a session of SameDiff adds in another order. */
    @Test
    void outputs_ofTheExecutorOfTraining_areThoseOfOutput_andNearThoseOfStockSameDiff() {
        AdaptedSameDiff fresh = Lora.inject(base, config().build(), SEED);

        float[] ofTraining = Arrays32.concat(
                batches,
                batch -> fresh.executor()
                        .output(batch.placeholders(), List.of(EncoderClassifier.LOGITS))
                        .get(EncoderClassifier.LOGITS));
        float[] ofStock = Arrays32.concat(
                batches,
                batch -> base.output(batch.placeholders(), EncoderClassifier.LOGITS)
                        .get(EncoderClassifier.LOGITS));

        assertThat(ofTraining).containsExactly(logits(fresh));
        assertThat(Arrays32.largestDifference(ofTraining, ofStock)).isLessThan(1e-5 * Arrays32.largest(ofStock));
    }

    // 6 layers x (4 x (384 + 384) + 2 x (384 + 1536)) x rank 8 = 331,776; head 384 x 25 + 25 = 9,625.
    @Test
    void inject_rankEightOnAllLinearLayers_trainsTheNumbersOfTheReference() {
        assertThat(Lora.inject(base, config().build(), SEED).parameterSummary().trainable())
                .isEqualTo(341_401);
    }

    @Test
    void train_twoShortBatchesOverAndOver_lowersTheLoss() {
        double before = loss(Lora.inject(base, config().build(), SEED));

        assertThat(result.steps()).isEqualTo(EPOCHS * batches.size());
        assertThat(loss(trained)).isLessThan(before / 2);
    }

    @Test
    void train_leavesEveryArrayOfTheBaseByteIdentical_andItsGraphUntouched() {
        assertThat(GraphState.of(base)).isEqualTo(baseBefore);
    }

    @Test
    void disable_givesTheBaseLogits_andEnableTheAdaptedOnesAgain() {
        AdaptedSameDiff model = adapted();
        float[] before = logits(model);
        float[] ofBase = logits(base);

        model.disable();
        float[] disabled = logits(model);
        model.enable();

        assertThat(Arrays32.largestDifference(before, ofBase)).isGreaterThan(0.1);
        assertThat(disabled).containsExactly(ofBase);
        assertThat(logits(model)).containsExactly(before);
    }

    @Test
    void merge_computesTheAdaptedLogits_andUnmergeRestoresTheBits() {
        AdaptedSameDiff model = adapted();
        float[] before = logits(model);
        GraphState graphBefore = GraphState.of(model.graph());

        MergeReport report = model.merge();
        float[] merged = logits(model);
        model.unmerge();

        assertThat(report.modules()).isEqualTo(36);
        assertThat(Arrays32.largestDifference(merged, before)).isLessThan(TOLERANCE * Arrays32.largest(before));
        assertThat(logits(model)).containsExactly(before);
        assertThat(GraphState.of(model.graph())).isEqualTo(graphBefore);
        assertThat(GraphState.of(base)).isEqualTo(baseBefore);
    }

    @Test
    void mergeAndUnload_isAPlainGraphThatComputesTheAdaptedLogits() {
        float[] before = logits(adapted());

        SameDiff plain = adapted().mergeAndUnload();

        assertThat(plain.getOps()).hasSameSizeAs(base.getOps());
        assertThat(Arrays32.largestDifference(logits(plain), before)).isLessThan(TOLERANCE * Arrays32.largest(before));
    }

    // The fresh base has another head: the trained one must come out of the adapter.
    @Test
    void save_thenLoadIntoAFreshBase_givesEqualLogitsInEveryValue(@TempDir Path directory) throws IOException {
        adapter.save(directory);

        AdaptedSameDiff loaded = Lora.load(classifier(MiniLm.weights().copy(), HEAD_SEED + 1), directory);

        assertThat(logits(loaded)).containsExactly(logits(trained));
    }

    /**
     * Keys and shapes are those of PEFT around a Hugging Face {@code BertModel} with the linear module {@code classifier}
     * beside {@code embeddings} and {@code encoder}: the encoder has no prefix of its own within the classifier.
     *
     * <p>The reason: it is the module tree of the base's own files (the ONNX file and the checkpoint of all-MiniLM-L6-v2
     * hold a bare {@code BertModel}), and mean pooling with one linear layer is not {@code BertForSequenceClassification},
     * whose encoder is called {@code bert} and whose pooler has weights that MiniLM's task does not use. In Python, give
     * the adapter a {@code BertModel} subclass with {@code self.classifier = nn.Linear(384, 25)}; for a model whose encoder
     * is called {@code bert}, put {@code bert.} behind {@code base_model.model.} in the keys of the encoder.
     */
    @Test
    void save_writesPeftsNamesAndShapes(@TempDir Path directory) throws IOException {
        adapter.save(directory);

        Map<String, String> expected = new TreeMap<>();
        for (int layer = 0; layer < 6; layer++) {
            String prefix = "base_model.model.encoder.layer." + layer + ".";
            for (String square : List.of("self.query", "self.key", "self.value", "output.dense")) {
                expected.put(prefix + "attention." + square + ".lora_A.weight", "F32[8, 384]");
                expected.put(prefix + "attention." + square + ".lora_B.weight", "F32[384, 8]");
            }
            expected.put(prefix + "intermediate.dense.lora_A.weight", "F32[8, 384]");
            expected.put(prefix + "intermediate.dense.lora_B.weight", "F32[1536, 8]");
            expected.put(prefix + "output.dense.lora_A.weight", "F32[8, 1536]");
            expected.put(prefix + "output.dense.lora_B.weight", "F32[384, 8]");
        }
        expected.put("base_model.model.classifier.weight", "F32[25, 384]");
        expected.put("base_model.model.classifier.bias", "F32[25]");
        Map<String, String> found = new TreeMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(directory.resolve("adapter_model.safetensors"))) {
            reader.tensors().forEach((name, entry) -> found.put(name, entry.dtype() + Arrays.toString(entry.shape())));
        }
        assertThat(found).isEqualTo(expected);
    }

    @Test
    void train_twiceWithOneSeed_givesEqualBytes_andWithAnotherSeedOthers(@TempDir Path directory) throws IOException {
        for (int run = 0; run < 3; run++) {
            AdaptedSameDiff model = Lora.inject(base, config().dropout(0.1).build(), run < 2 ? SEED : SEED + 1);
            train(model, 1);
            model.adapter(AdaptedModel.DEFAULT_ADAPTER).save(directory.resolve("run" + run));
        }

        for (String name : List.of("adapter_model.safetensors", "adapter_config.json")) {
            assertThat(directory.resolve("run1").resolve(name))
                    .hasSameBinaryContentAs(directory.resolve("run0").resolve(name));
        }
        assertThat(Adapter.load(directory.resolve("run2"))).isNotEqualTo(Adapter.load(directory.resolve("run0")));
    }

    @Test
    void gradients_withKernels_areThoseOfThePlainExecutor() {
        List<String> names = trained.trainableParameters().stream()
                .map(TrainableParameter::name)
                .toList();
        SameDiffExecutor plain = SameDiffExecutor.forTraining(trained.graph(), names);

        LossAndGradients expected = plain.gradients(batches.get(0).placeholders(), SEED);
        LossAndGradients found = plain.withKernels().gradients(batches.get(0).placeholders(), SEED);

        assertThat(names).hasSize(2 * 36 + 2);
        for (String name : names) {
            INDArray gradient = expected.gradients().get(name);
            assertThat(gradient.dataType()).isEqualTo(DataType.FLOAT);
            assertThat(Arrays32.relativeDifference(found.gradients().get(name), gradient))
                    .as(name)
                    .isLessThan(TOLERANCE);
        }
    }
}
