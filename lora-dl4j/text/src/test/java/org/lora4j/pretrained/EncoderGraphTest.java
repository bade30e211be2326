/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.samediff.TrainableGraph;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class EncoderGraphTest {

    /** Double precision with sums of a few dozen terms in another order. */
    private static final double EXACT = 1e-10;

    private static final int[] LONG_TEXT = {4, 17, 8, 29, 0, 11, 2};
    private static final int[] SHORT_TEXT = {5, 9, 21};
    private static final int[][] PADDED = {{4, 17, 8, 29, 0, 11, 2}, {5, 9, 21, 0, 0, 0, 0}};
    private static final double[][] MASK = {{1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 0, 0, 0, 0}};

    private final EncoderWeights weights = TinyBerts.weights(TinyBerts.CONFIG, 7);

    @Test
    void lastHiddenState_ofOneText_equalsThePlainForwardPass() {
        EncoderGraph encoder = EncoderGraph.create(weights, Pooling.MEAN);

        INDArray hidden =
                run(encoder, new int[][] {LONG_TEXT}, new double[][] {MASK[0]}, EncoderGraph.LAST_HIDDEN_STATE);

        assertThat(hidden.shape()).containsExactly(1, 7, 12);
        assertClose(hidden.slice(0).toDoubleMatrix(), reference(LONG_TEXT), EXACT);
    }

    @Test
    void lastHiddenState_ofTheShorterTextOfABatch_equalsThePlainForwardPassWithoutPadding() {
        EncoderGraph encoder = EncoderGraph.create(weights, Pooling.MEAN);

        INDArray hidden = run(encoder, PADDED, MASK, EncoderGraph.LAST_HIDDEN_STATE);

        double[][] kept =
                List.of(hidden.slice(1).toDoubleMatrix()).subList(0, 3).toArray(new double[0][]);
        assertClose(kept, reference(SHORT_TEXT), EXACT);
    }

    @Test
    void oneGraph_servesSeveralBatchSizesAndLengthsInAnyOrder() {
        EncoderGraph encoder = EncoderGraph.create(weights, Pooling.MEAN);

        INDArray wide = run(encoder, PADDED, MASK, EncoderGraph.LAST_HIDDEN_STATE);
        INDArray single = run(encoder, new int[][] {{5}}, new double[][] {{1}}, EncoderGraph.LAST_HIDDEN_STATE);
        INDArray three = run(
                encoder,
                new int[][] {{1, 2}, {3, 4}, {5, 6}},
                new double[][] {{1, 1}, {1, 1}, {1, 1}},
                EncoderGraph.LAST_HIDDEN_STATE);

        assertThat(wide.shape()).containsExactly(2, 7, 12);
        assertClose(single.slice(0).toDoubleMatrix(), reference(new int[] {5}), EXACT);
        assertClose(three.slice(2).toDoubleMatrix(), reference(new int[] {5, 6}), EXACT);
    }

    @Test
    void pooledMean_isTheMeanOfTheKeptTokens() {
        EncoderGraph encoder = EncoderGraph.create(weights, Pooling.MEAN);

        INDArray pooled = run(encoder, PADDED, MASK, EncoderGraph.POOLED);

        double[] expected = new double[12];
        for (double[] row : reference(SHORT_TEXT)) {
            for (int i = 0; i < 12; i++) {
                expected[i] += row[i] / 3;
            }
        }
        assertThat(pooled.shape()).containsExactly(2, 12);
        assertThat(pooled.getRow(1).toDoubleVector()).containsExactly(expected, within(EXACT));
    }

    @Test
    void pooledMean_ofOneTextOfOneToken_isItsHiddenState() {
        EncoderGraph encoder = EncoderGraph.create(weights, Pooling.MEAN);

        INDArray pooled = run(encoder, new int[][] {{5}}, new double[][] {{1}}, EncoderGraph.POOLED);

        assertClose(pooled.toDoubleMatrix(), reference(new int[] {5}), EXACT);
    }

    @Test
    void pooledCls_isTheFirstToken() {
        EncoderGraph encoder = EncoderGraph.create(weights, Pooling.CLS);

        INDArray pooled = run(encoder, PADDED, MASK, EncoderGraph.POOLED);

        assertThat(pooled.getRow(1).toDoubleVector()).containsExactly(reference(SHORT_TEXT)[0], within(EXACT));
    }

    @Test
    void pooledMean_ofAnEmptyMask_isZero() {
        EncoderGraph encoder = EncoderGraph.create(weights, Pooling.MEAN);

        INDArray pooled = run(encoder, new int[][] {{1, 2}}, new double[][] {{0, 0}}, EncoderGraph.POOLED);

        assertThat(pooled.toDoubleVector()).containsOnly(0.0);
    }

    @Test
    void normalizedMean_isTheMeanOfLengthOne() {
        double[] mean = run(EncoderGraph.create(weights, Pooling.MEAN), PADDED, MASK, EncoderGraph.POOLED)
                .getRow(1)
                .toDoubleVector();
        double length = Math.sqrt(DoubleStream.of(mean).map(x -> x * x).sum());

        INDArray pooled = run(EncoderGraph.create(weights, Pooling.NORMALIZED_MEAN), PADDED, MASK, EncoderGraph.POOLED);

        double[] expected = DoubleStream.of(mean).map(x -> x / length).toArray();
        assertThat(pooled.getRow(1).toDoubleVector()).containsExactly(expected, within(1e-12));
    }

    @Test
    void normalizedMean_ofAnEmptyMask_isZeroAndSoIsItsGradient() {
        EncoderClassifier classifier = EncoderClassifier.create(weights.copy(), Pooling.NORMALIZED_MEAN, 2, 42);
        Map<String, INDArray> batch = TinyBerts.batch(new int[][] {{1, 2}}, new double[][] {{0, 0}});
        batch.put(EncoderClassifier.LABELS, Nd4j.createFromArray(new double[][] {{1, 0}}));
        String weight = "encoder.layer.1.output.dense.weight";
        TrainableGraph model = TrainableGraph.of(classifier.graph(), List.of(weight));

        INDArray pooled = output(classifier.graph(), batch, EncoderGraph.POOLED);
        INDArray gradient = model.executor().gradients(batch, 1).gradients().get(weight);

        assertThat(pooled.toDoubleVector()).containsOnly(0.0);
        assertThat(gradient.ravel().toDoubleVector()).containsOnly(0.0);
    }

    @Test
    void pooled_isTheSameHoweverMuchPaddingThereIs() {
        EncoderGraph encoder = EncoderGraph.create(weights, Pooling.MEAN);

        INDArray little = run(encoder, new int[][] {{5, 9, 21, 0}}, new double[][] {{1, 1, 1, 0}}, EncoderGraph.POOLED);
        INDArray much = run(
                encoder,
                new int[][] {{5, 9, 21, 3, 7, 1, 2, 28, 19, 4, 4, 4}},
                new double[][] {{1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
                EncoderGraph.POOLED);

        assertThat(little.sub(much).amaxNumber().doubleValue()).isLessThan(1e-12);
    }

    @Test
    void tokenTypes_chooseTheRowOfTheTypeTable() {
        EncoderGraph encoder = EncoderGraph.create(weights, Pooling.MEAN, true);
        Map<String, INDArray> batch = TinyBerts.batch(new int[][] {SHORT_TEXT}, new double[][] {{1, 1, 1}});
        batch.put(EncoderGraph.TOKEN_TYPE_IDS, Nd4j.createFromArray(new int[][] {{0, 1, 1}}));

        INDArray hidden = output(encoder.graph(), batch, EncoderGraph.LAST_HIDDEN_STATE);

        double[][] expected = new ReferenceBert(weights).lastHiddenState(SHORT_TEXT, new int[] {0, 1, 1});
        assertClose(hidden.slice(0).toDoubleMatrix(), expected, EXACT);
    }

    @Test
    void largeEpsilonAndRelu_areHonored() {
        EncoderConfig config = EncoderConfig.bert(2, 12, 3, 20, 30, 16, 2, 1e-3, "relu");
        EncoderWeights other = TinyBerts.weights(config, 8);
        EncoderGraph encoder = EncoderGraph.create(other, Pooling.MEAN);

        INDArray hidden =
                run(encoder, new int[][] {LONG_TEXT}, new double[][] {MASK[0]}, EncoderGraph.LAST_HIDDEN_STATE);

        double[][] expected = new ReferenceBert(other).lastHiddenState(LONG_TEXT, new int[7]);
        assertClose(hidden.slice(0).toDoubleMatrix(), expected, EXACT);
    }

    @Test
    void floatGraph_agreesWithTheDoubleGraph() {
        EncoderGraph encoder = EncoderGraph.create(weights.converted(DataType.FLOAT), Pooling.MEAN);

        INDArray hidden = run(encoder, PADDED, MASK, EncoderGraph.LAST_HIDDEN_STATE);

        assertThat(hidden.dataType()).isEqualTo(DataType.FLOAT);
        assertClose(hidden.slice(0).castTo(DataType.DOUBLE).toDoubleMatrix(), reference(LONG_TEXT), 1e-5);
    }

    @Test
    void graph_savedAndLoadedByStockSameDiff_givesEqualOutputs(@TempDir Path directory) throws IOException {
        EncoderWeights all = TinyBerts.weightsWithPooler(TinyBerts.CONFIG, 7);
        for (Pooling pooling : TinyBerts.POOLINGS) {
            EncoderGraph encoder = EncoderGraph.create(all, pooling);
            File file = directory.resolve(pooling + ".fb").toFile();

            encoder.graph().save(file, true);
            SameDiff loaded = SameDiff.load(file, true);

            Map<String, INDArray> batch = TinyBerts.batch(PADDED, MASK);
            for (String name : List.of(EncoderGraph.LAST_HIDDEN_STATE, EncoderGraph.POOLED)) {
                assertThat(output(loaded, batch, name)).isEqualTo(output(encoder.graph(), batch, name));
            }
        }
    }

    @Test
    void weights_areConstantsUnderTheirNamesAndShareTheArrays() {
        SameDiff graph = EncoderGraph.create(weights, Pooling.MEAN).graph();

        weights.tensors().forEach((name, array) -> {
            assertThat(graph.getVariable(name).getVariableType()).isEqualTo(VariableType.CONSTANT);
            assertThat(graph.getVariable(name).getArr()).isSameAs(array);
        });
    }

    @Test
    void everyVariable_hasANameThatNoOpHas() {
        SameDiff graph = EncoderGraph.create(weights, Pooling.CLS).graph();

        for (SameDiffOp op : graph.getOps().values()) {
            if (graph.hasVariable(op.getName())) {
                assertThat(op.getOutputsOfOp())
                        .as("outputs of op %s", op.getName())
                        .contains(op.getName());
            }
        }
    }

    @Test
    void everyResult_isNamedByAModuleOrWhatItIs() {
        SameDiff graph = EncoderGraph.create(weights, Pooling.MEAN).graph();

        List<String> plain = graph.variables().stream()
                .map(SDVariable::name)
                .filter(name -> !name.contains("/") && !weights.tensors().containsKey(name))
                .toList();

        assertThat(plain)
                .containsExactlyInAnyOrder(
                        "input_ids", "attention_mask", "position_ids", "last_hidden_state", "pooled");
        assertThat(graph.hasVariable("encoder.layer.1.attention.self.query/output"))
                .isTrue();
    }

    @Test
    void requireValid_withSeveralMistakes_namesThemAll() {
        EncoderGraph encoder = EncoderGraph.create(weights, Pooling.MEAN);
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put(
                EncoderGraph.INPUT_IDS,
                Nd4j.createFromArray(new int[][] {new int[17]}).putScalar(0, 3, 30));
        batch.put(EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(new double[][] {{1, 0.5}}));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> encoder.requireValid(batch))
                .withMessage(
                        "placeholders: 4 problems: input_ids holds 30, expected ids from 0 to 29; use the tokenizer"
                                + " that belongs to the weights; sequences of 17 tokens, expected at most 16; truncate the texts;"
                                + " attention_mask has shape [1, 2], expected that of input_ids, [1, 17];"
                                + " attention_mask holds 0.5, expected 1 to keep a token and 0 to hide it");
    }

    @Test
    void requireValid_withoutArrays_namesWhatIsMissing() {
        EncoderGraph encoder = EncoderGraph.create(weights, Pooling.MEAN, true);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> encoder.requireValid(Map.of()))
                .withMessageContaining("input_ids is missing")
                .withMessageContaining("attention_mask is missing")
                .withMessageContaining("token_type_ids is missing");
    }

    private double[][] reference(int[] ids) {
        return new ReferenceBert(weights).lastHiddenState(ids, new int[ids.length]);
    }

    private static INDArray run(EncoderGraph encoder, int[][] ids, double[][] mask, String name) {
        Map<String, INDArray> batch = TinyBerts.batch(ids, mask);
        encoder.requireValid(batch);
        return output(encoder.graph(), batch, name);
    }

    private static INDArray output(SameDiff graph, Map<String, INDArray> batch, String name) {
        return graph.output(batch, name).get(name);
    }

    private static void assertClose(double[][] found, double[][] expected, double tolerance) {
        assertThat(found).hasDimensions(expected.length, expected[0].length);
        for (int t = 0; t < expected.length; t++) {
            assertThat(found[t]).as("token %s", t).containsExactly(expected[t], within(tolerance));
        }
    }
}
