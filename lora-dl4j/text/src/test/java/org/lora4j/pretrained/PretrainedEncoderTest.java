/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.format.DType;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Tiny directories as Python writes them, against a plain forward pass over the numbers that were written. */
class PretrainedEncoderTest {

    /** Double precision with sums of a few dozen terms in another order. */
    private static final double EXACT = 1e-10;

    private static final int[] TEXT = {4, 17, 8, 3, 11};
    private static final double[] ALL = {1, 1, 1, 1, 1};

    @TempDir
    private Path directory;

    private static ReferenceBert reference(TinyCheckpoint tiny, PretrainedEncoder loaded, String prefix) {
        return new ReferenceBert(loaded.config(), tiny.forReference(prefix));
    }

    @Test
    void bertEncoder_equalsThePlainForwardPass() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();

        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));

        double[][] expected = reference(tiny, loaded, "bert.").lastHiddenState(TEXT, new int[5]);
        INDArray hidden = run(loaded.encoder(Pooling.CLS).graph(), TEXT, ALL, EncoderGraph.LAST_HIDDEN_STATE);
        assertClose(hidden.slice(0), expected);
        assertThat(loaded.config()).isEqualTo(EncoderConfig.bert(2, 6, 2, 10, 20, 12, 2));
    }

    @Test
    void bertEncoder_withTokenTypes_takesTheRowOfTheType() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();
        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));
        int[] types = {0, 0, 1, 1, 1};
        Map<String, INDArray> batch = TinyBerts.batch(new int[][] {TEXT}, new double[][] {ALL});
        batch.put(EncoderGraph.TOKEN_TYPE_IDS, Nd4j.createFromArray(new int[][] {types}));

        SameDiff graph = loaded.encoder(Pooling.MEAN, true).graph();

        double[][] expected = reference(tiny, loaded, "bert.").lastHiddenState(TEXT, types);
        assertClose(
                graph.output(batch, EncoderGraph.LAST_HIDDEN_STATE)
                        .get(EncoderGraph.LAST_HIDDEN_STATE)
                        .slice(0),
                expected);
    }

    @Test
    void pooler_isTanhOfADenseLayerOverTheFirstToken() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();
        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));

        INDArray pooled = run(loaded.encoder(Pooling.POOLER).graph(), TEXT, ALL, EncoderGraph.POOLED);

        assertClose(pooled, pooler(reference(tiny, loaded, "bert."), TEXT));
    }

    @Test
    void bertClassifier_isTheHeadOverThePooler() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();
        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));

        EncoderClassifier classifier = loaded.classifier();

        ReferenceBert reference = reference(tiny, loaded, "bert.");
        double[][] expected = reference.linear(pooler(reference, TEXT), "classifier");
        assertThat(loaded.classes()).hasValue(3);
        assertThat(classifier.classes()).isEqualTo(3);
        assertClose(run(classifier.graph(), TEXT, ALL, EncoderClassifier.LOGITS), expected);
    }

    @Test
    void bertClassifier_withTokenTypes_takesTheRowOfTheType() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();
        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));
        int[] types = {0, 0, 0, 1, 1};
        Map<String, INDArray> batch = TinyBerts.batch(new int[][] {TEXT}, new double[][] {ALL});
        batch.put(EncoderGraph.TOKEN_TYPE_IDS, Nd4j.createFromArray(new int[][] {types}));
        EncoderClassifier classifier = loaded.classifier(true);

        classifier.requireValid(batch);
        INDArray logits =
                classifier.graph().output(batch, EncoderClassifier.LOGITS).get(EncoderClassifier.LOGITS);

        ReferenceBert reference = reference(tiny, loaded, "bert.");
        double[][] first = {reference.lastHiddenState(TEXT, types)[0]};
        double[][] pooled = ReferenceBert.tanh(reference.linear(first, "pooler.dense"));
        assertClose(logits, reference.linear(pooled, "classifier"));
    }

    @Test
    void robertaEncoder_countsPositionsFromBehindThePaddingId() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.roberta();

        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));

        double[][] expected =
                reference(tiny, loaded, "roberta.").lastHiddenState(TEXT, new int[5], new int[] {2, 3, 4, 5, 6});
        INDArray hidden = run(loaded.encoder(Pooling.CLS).graph(), TEXT, ALL, EncoderGraph.LAST_HIDDEN_STATE);
        assertClose(hidden.slice(0), expected);
        // 14 rows, of which those of the ids 0 and 1 are no positions.
        assertThat(loaded.config().longestSequence()).isEqualTo(12);
    }

    @Test
    void robertaEncoder_givesPaddingTheRowOfItsIdWhereverItStands() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.roberta();
        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));
        int[] ids = {1, 4, 17, 1, 8};

        INDArray hidden = run(loaded.encoder(Pooling.CLS).graph(), ids, ALL, EncoderGraph.LAST_HIDDEN_STATE);

        // Two tokens, padding, a third token: as Transformers counts, by ids and not by the mask.
        double[][] expected =
                reference(tiny, loaded, "roberta.").lastHiddenState(ids, new int[5], new int[] {1, 2, 3, 1, 4});
        assertClose(hidden.slice(0), expected);
    }

    @Test
    void robertaEncoder_doesNotSeePaddingThatIsMasked() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.roberta();
        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));

        INDArray hidden = run(
                loaded.encoder(Pooling.CLS).graph(),
                new int[] {4, 17, 8, 1, 1},
                new double[] {1, 1, 1, 0, 0},
                EncoderGraph.LAST_HIDDEN_STATE);

        double[][] expected = reference(tiny, loaded, "roberta.")
                .lastHiddenState(new int[] {4, 17, 8}, new int[3], new int[] {2, 3, 4});
        for (int t = 0; t < 3; t++) {
            assertThat(hidden.slice(0).getRow(t).toDoubleVector()).containsExactly(expected[t], within(EXACT));
        }
    }

    @Test
    void robertaClassifier_isTwoLayersOverTheFirstToken() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.roberta();
        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));

        EncoderClassifier classifier = loaded.classifier();

        ReferenceBert reference = reference(tiny, loaded, "roberta.");
        double[][] first = {reference.lastHiddenState(TEXT, new int[5], new int[] {2, 3, 4, 5, 6})[0]};
        double[][] middle = ReferenceBert.tanh(reference.linear(first, "classifier.dense"));
        assertThat(classifier.classes()).isEqualTo(3);
        assertClose(
                run(classifier.graph(), TEXT, ALL, EncoderClassifier.LOGITS),
                reference.linear(middle, "classifier.out_proj"));
    }

    @ParameterizedTest
    @CsvSource({"gelu_new, gelu_new", "gelu_pytorch_tanh, gelu_new", "relu, relu", "silu, silu", "gelu_python, gelu"})
    void activation_isTheOneOfTheConfig(String name, String expected) throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert().with("hidden_act", name);

        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));

        assertThat(loaded.config().activation()).isEqualTo(expected);
        double[][] hidden = reference(tiny, loaded, "bert.").lastHiddenState(TEXT, new int[5]);
        assertClose(
                run(loaded.encoder(Pooling.CLS).graph(), TEXT, ALL, EncoderGraph.LAST_HIDDEN_STATE)
                        .slice(0),
                hidden);
    }

    @Test
    void load_withoutPrefixInTheFile_readsTheSameEncoder() throws IOException {
        TinyCheckpoint bare = TinyCheckpoint.bert()
                .remove("classifier.")
                .rename(name -> name.substring("bert.".length()))
                .with("architectures", List.of("BertModel"));

        PretrainedEncoder loaded = PretrainedEncoder.load(bare.write(directory));

        double[][] expected = reference(bare, loaded, "").lastHiddenState(TEXT, new int[5]);
        assertClose(
                run(loaded.encoder(Pooling.CLS).graph(), TEXT, ALL, EncoderGraph.LAST_HIDDEN_STATE)
                        .slice(0),
                expected);
        assertThat(loaded.weights().hasPooler()).isTrue();
        assertThat(loaded.classes()).isEmpty();
    }

    @Test
    void load_ofShards_readsThemAsOneFile() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();

        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.writeShards(directory, 3));

        double[][] expected = reference(tiny, loaded, "bert.").lastHiddenState(TEXT, new int[5]);
        assertClose(
                run(loaded.encoder(Pooling.CLS).graph(), TEXT, ALL, EncoderGraph.LAST_HIDDEN_STATE)
                        .slice(0),
                expected);
    }

    @Test
    void load_ofOldNamesOfLayerNorm_readsThemAsTheNewOnes() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();
        double[][] gain = tiny.values("bert.encoder.layer.1.output.LayerNorm.weight");
        double[][] bias = tiny.values("bert.encoder.layer.1.output.LayerNorm.bias");
        tiny.rename(name ->
                name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"));

        EncoderWeights weights = PretrainedEncoder.load(tiny.write(directory)).weights();

        assertThat(weights.tensor("encoder.layer.1.output.LayerNorm.weight").toDoubleVector())
                .containsExactly(gain[0]);
        assertThat(weights.tensor("encoder.layer.1.output.LayerNorm.bias").toDoubleVector())
                .containsExactly(bias[0]);
    }

    @Test
    void load_skipsHeadsOfOtherTasksAndReportsThem() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert()
                .remove("classifier.")
                .with("architectures", List.of("BertForPreTraining"))
                .linear("cls.seq_relationship", 6, 2)
                .add("cls.predictions.bias", 1, 20)
                .linear("lm_head.dense", 6, 6)
                .add("bert.embeddings.position_ids", 1, 12);

        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));

        assertThat(loaded.skipped())
                .containsExactly(
                        "cls.predictions.bias",
                        "cls.seq_relationship.bias",
                        "cls.seq_relationship.weight",
                        "lm_head.dense.bias",
                        "lm_head.dense.weight");
        assertThat(loaded.weights().tensors()).hasSize(5 + 2 * 16 + 2);
    }

    @Test
    void load_ofATokenClassifier_doesNotTakeItsHeadForOneOfSequences() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert().with("architectures", List.of("BertForTokenClassification"));

        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));

        assertThat(loaded.classes()).isEmpty();
        assertThat(loaded.skipped()).isEmpty();
        assertThat(loaded.head().orElseThrow().task()).isEqualTo(PretrainedHead.Task.TOKENS);
    }

    @Test
    void load_withoutTheNameOfAClass_takesAHeadOverAPooler() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert().without("architectures").without("id2label");

        assertThat(PretrainedEncoder.load(tiny.write(directory)).classes()).hasValue(3);
    }

    @Test
    void load_withoutTheNameOfAClass_leavesAHeadWithoutPooler() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert().without("architectures").remove("bert.pooler.");

        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory));

        assertThat(loaded.classes()).isEmpty();
        assertThat(loaded.skipped()).containsExactly("classifier.bias", "classifier.weight");
    }

    @Test
    void load_leavesOutWhatTheCallerNames() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert().add("crf.transitions", 3, 3);

        PretrainedEncoder loaded = PretrainedEncoder.load(tiny.write(directory), List.of("crf."));

        assertThat(loaded.skipped()).containsExactly("crf.transitions");
    }

    @Test
    void load_ofSinglePrecision_keepsEveryBit() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();

        EncoderWeights weights =
                PretrainedEncoder.load(tiny.write(directory, DType.F32)).weights();

        INDArray query = weights.tensor("encoder.layer.0.attention.self.query.weight");
        assertThat(query.dataType()).isEqualTo(DataType.FLOAT);
        // The values were floats from the start.
        assertThat(query.castTo(DataType.DOUBLE).toDoubleMatrix())
                .isDeepEqualTo(
                        TinyCheckpoint.transposed(tiny.values("bert.encoder.layer.0.attention.self.query.weight")));
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void load_ofHalfPrecision_givesTheSameValuesInSinglePrecision(DType dtype) throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();
        // Values of few bits, which both types hold exactly.
        tiny.put("bert.embeddings.LayerNorm.bias", new double[][] {{1.5, -0.15625, 0, 2, -3, 0.5}});

        EncoderWeights weights =
                PretrainedEncoder.load(tiny.write(directory, dtype)).weights();

        assertThat(weights.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(weights.tensor("embeddings.LayerNorm.bias").toFloatVector())
                .containsExactly(1.5f, -0.15625f, 0f, 2f, -3f, 0.5f);
    }

    @Test
    void load_whereOneTensorIsDouble_makesAllDouble() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert();
        Path shards = tiny.writeShards(directory, 2);
        // The first shard again, in single precision.
        List<String> names = tiny.names();
        TinyCheckpoint first = TinyCheckpoint.empty(0);
        for (int i = 0; i < names.size(); i += 2) {
            first.put(names.get(i), tiny.values(names.get(i)));
        }
        first.writeTensors(shards.resolve(TinyCheckpoint.shardName(0, 2)), DType.F32);

        EncoderWeights weights = PretrainedEncoder.load(shards).weights();

        assertThat(weights.dataType()).isEqualTo(DataType.DOUBLE);
        assertThat(weights.tensor("embeddings.word_embeddings.weight").toDoubleMatrix())
                .isDeepEqualTo(tiny.values("bert.embeddings.word_embeddings.weight"));
    }

    @Test
    void load_ofATableLongerThanABlock_readsEveryRow() throws IOException {
        TinyCheckpoint tiny = TinyCheckpoint.bert().with("vocab_size", 3000);
        // 18,000 values: two blocks of 8192 and a part of a third.
        tiny.add("bert.embeddings.word_embeddings.weight", 3000, 6);

        EncoderWeights weights =
                PretrainedEncoder.load(tiny.write(directory, DType.F32)).weights();

        assertThat(weights.tensor("embeddings.word_embeddings.weight")
                        .castTo(DataType.DOUBLE)
                        .toDoubleMatrix())
                .isDeepEqualTo(tiny.values("bert.embeddings.word_embeddings.weight"));
    }

    @Test
    void modules_areNamedAsInThePythonClass() throws IOException {
        PretrainedEncoder bert = PretrainedEncoder.load(TinyCheckpoint.bert().write(directory));

        SameDiff encoder = bert.encoder(Pooling.POOLER).graph();
        SameDiff classifier = bert.classifier().graph();

        assertThat(leaves(encoder))
                .contains("encoder.layer.1.attention.self.query.weight", "pooler.dense.bias")
                .noneMatch(name -> name.startsWith("bert."));
        assertThat(leaves(classifier))
                .contains(
                        "bert.encoder.layer.1.attention.self.query.weight",
                        "bert.pooler.dense.bias",
                        "classifier.weight")
                .noneMatch(name -> name.startsWith("encoder."));
    }

    @Test
    void everyWeightOfAClassifierFromAFile_isAConstantThatGraphsShare() throws IOException {
        PretrainedEncoder loaded =
                PretrainedEncoder.load(TinyCheckpoint.roberta().write(directory));

        SameDiff graph = loaded.classifier().graph();

        assertThat(graph.variables()).noneMatch(variable -> variable.getVariableType() == VariableType.VARIABLE);
        assertThat(graph.getVariable("roberta.embeddings.word_embeddings.weight")
                        .getArr())
                .isSameAs(loaded.weights().tensor("embeddings.word_embeddings.weight"));
    }

    @Test
    void freshHeads_haveTheFormOfThePythonClassAndLearn() throws IOException {
        PretrainedEncoder loaded =
                PretrainedEncoder.load(TinyCheckpoint.roberta().write(directory));

        SameDiff graph = loaded.classifier(5, 42).graph();

        List<String> variables = graph.variables().stream()
                .filter(variable -> variable.getVariableType() == VariableType.VARIABLE)
                .map(SDVariable::name)
                .toList();
        assertThat(variables)
                .containsExactlyInAnyOrder(
                        "classifier.dense.weight",
                        "classifier.dense.bias",
                        "classifier.out_proj.weight",
                        "classifier.out_proj.bias");
        assertThat(graph.getVariable("classifier.out_proj.weight").getArr().shape())
                .containsExactly(6, 5);
    }

    @Test
    void robertaGraph_savedAndLoadedByStockSameDiff_givesEqualOutputs() throws IOException {
        SameDiff graph = PretrainedEncoder.load(TinyCheckpoint.roberta().write(directory))
                .classifier()
                .graph();
        File file = directory.resolve("graph.fb").toFile();

        graph.save(file, false);
        SameDiff loaded = SameDiff.load(file, false);

        assertThat(run(loaded, TEXT, ALL, EncoderClassifier.LOGITS))
                .isEqualTo(run(graph, TEXT, ALL, EncoderClassifier.LOGITS));
    }

    private static List<String> leaves(SameDiff graph) {
        return graph.variables().stream()
                .filter(variable -> variable.getVariableType() == VariableType.CONSTANT)
                .map(SDVariable::name)
                .filter(name -> name.contains("."))
                .toList();
    }

    private static double[][] pooler(ReferenceBert reference, int[] ids) {
        double[][] first = {reference.lastHiddenState(ids, new int[ids.length])[0]};
        return ReferenceBert.tanh(reference.linear(first, "pooler.dense"));
    }

    private static INDArray run(SameDiff graph, int[] ids, double[] mask, String name) {
        Map<String, INDArray> batch = TinyBerts.batch(new int[][] {ids}, new double[][] {mask});
        return graph.output(batch, name).get(name);
    }

    private static void assertClose(INDArray found, double[][] expected) {
        double[][] rows = found.toDoubleMatrix();
        assertThat(rows).hasDimensions(expected.length, expected[0].length);
        for (int t = 0; t < expected.length; t++) {
            assertThat(rows[t]).as("row %s", t).containsExactly(expected[t], within(EXACT));
        }
    }
}
