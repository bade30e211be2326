/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.lora4j.internal.engine.GradientCheck.values;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.exec.ExecutionParts;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.parts.ParallelExecutor;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedEncoder;
import org.nd4j.autodiff.loss.LossReduce;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A batch is cut only where the parts give what the whole gives, and wherever usual graphs allow it. */
class PartRuleTest {

    private static final int ROWS = 6;
    private static final double EXACT = 1e-12;

    /** What a graph computes from y = tanh(x w) of [rows, 4], and labels of [rows, 4]. */
    private record Case(String name, BiFunction<SDVariable, SDVariable, SDVariable> loss) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Stream<Case> means() {
        return Stream.of(
                new Case(
                        "mean of squares",
                        (y, t) -> sd(y).math().square(y.sub(t)).mean()),
                new Case(
                        "mean of a mean within rows", (y, t) -> y.mul(t).mean(1).mean()),
                new Case(
                        "mean of a sum within rows, scaled",
                        (y, t) -> y.mul(t).sum(1).mean().mul(0.5)),
                new Case(
                        "mean over rows alone, summed",
                        (y, t) -> y.sub(t).mean(0).sum()),
                new Case("softmax cross entropy", (y, t) -> sd(y).loss().softmaxCrossEntropy("l", t, y, null)),
                new Case(
                        "mean of a loss not reduced",
                        (y, t) -> sd(y).loss()
                                .softmaxCrossEntropy("l", t, y, null, LossReduce.NONE, 0)
                                .mean()),
                new Case("mean squared error", (y, t) -> sd(y).loss().meanSquaredError("l", t, y, null)),
                new Case("absolute difference", (y, t) -> sd(y).loss().absoluteDifference("l", t, y, null)),
                new Case(
                        "layer norm",
                        (y, t) -> sd(y).nn()
                                .layerNorm(y, sd(y).constant(values(7, 4)), sd(y).constant(values(8, 4)), false, 1)
                                .mul(t)
                                .mean()),
                new Case(
                        "softmax within rows",
                        (y, t) -> sd(y).nn().softmax(y, 1).mul(t).mean()),
                new Case("heads of a row", (y, t) -> {
                    SDVariable heads = sd(y).reshape(y, -1, 2, 2);
                    return sd(y).mmul(heads, sd(y).permute(heads, 0, 2, 1)).mean();
                }),
                new Case(
                        "two losses",
                        (y, t) -> y.mul(t).mean().add(sd(y).math().square(y).mean())),
                new Case(
                        "a fixed part beside the mean",
                        (y, t) -> y.mul(t)
                                .mean()
                                .add(sd(y).math().square(sd(y).getVariable("w")).sum())));
    }

    private static Stream<Case> sums() {
        return Stream.of(
                new Case("sum over rows", (y, t) -> y.mul(t).sum()),
                new Case(
                        "sum over rows alone, averaged",
                        (y, t) -> y.mul(t).sum(0).mean()),
                new Case("sum over rows, scaled", (y, t) -> y.mul(t).sum().mul(0.5)),
                new Case("sum of two sums", (y, t) -> y.sum().sub(y.mul(t).sum())),
                new Case("parts of a row", (y, t) -> {
                    SDVariable[] halves = sd(y).split(new String[] {"first", "second"}, y, 2, 1);
                    return sd(y).concat(1, halves[1], halves[0]).mul(t).sum();
                }),
                new Case(
                        "loss that is summed",
                        (y, t) -> sd(y).loss().softmaxCrossEntropy("l", t, y, null, LossReduce.SUM, 0)));
    }

    private static Stream<Case> mixtures() {
        return Stream.of(
                new Case("sum over rows, shifted", (y, t) -> y.mul(t).sum().add(0.5)),
                new Case("a sum and a mean", (y, t) -> y.mul(t).sum().add(y.mean())),
                new Case(
                        "a fixed part beside the sum",
                        (y, t) -> y.mul(t)
                                .sum()
                                .add(sd(y).math().square(sd(y).getVariable("w")).sum())),
                new Case(
                        "root of a sum",
                        (y, t) -> sd(y).math().sqrt(sd(y).math().square(y).sum())),
                new Case(
                        "root of a mean",
                        (y, t) ->
                                sd(y).math().sqrt(sd(y).math().square(y.sub(t)).mean())),
                new Case("product of means", (y, t) -> y.mean().mul(t.mean())),
                new Case(
                        "softmax over rows",
                        (y, t) -> sd(y).nn().softmax(y, 0).mul(t).mean()),
                new Case(
                        "rows against all rows",
                        (y, t) -> sd(y).mmul(y, sd(y).permute(t, 1, 0)).mean()),
                new Case(
                        "centered on the batch",
                        (y, t) -> sd(y).math().square(y.sub(y.mean(0))).mean()),
                new Case("largest of the batch", (y, t) -> y.max().mul(t.mean(0).sum())),
                new Case(
                        "loss with weights of rows",
                        (y, t) -> sd(y).loss()
                                .meanSquaredError(
                                        "l", t, y, sd(y).math().square(t.mean(true, 1)), LossReduce.MEAN_BY_WEIGHT)),
                new Case(
                        "divided by a sum over the batch",
                        (y, t) -> y.mul(t).sum().div(sd(y).math().abs(t).sum())),
                new Case("rows repeated in turn", (y, t) -> {
                    SDVariable twice = sd(y).tile(y, 2, 1);
                    SDVariable pairs = sd(y).reshape(sd(y).concat(1, t, t), -1, 4);
                    return twice.mul(pairs).mean();
                }),
                new Case("rows in reverse", (y, t) -> sd(y).reverse(y, 0).mul(t).mean()),
                new Case(
                        "running sum down the rows",
                        (y, t) -> sd(y).cumsum(y, false, false, 0).mul(t).mean()));
    }

    private static SameDiff sd(SDVariable v) {
        return v.getSameDiff();
    }

    private static SameDiff graph(Case c) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 3);
        SDVariable t = sd.placeHolder("t", DataType.DOUBLE, -1, 4);
        SDVariable y = sd.math().tanh(x.mmul(sd.var("w", values(1, 3, 4))));
        c.loss().apply(y, t).rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static Map<String, INDArray> batch() {
        return Map.of("x", values(3, ROWS, 3), "t", values(4, ROWS, 4));
    }

    private static ExecutionParts parting(
            SameDiff sd, Map<String, INDArray> batch, List<String> outputs, boolean losses) {
        return new PartRule(sd, Engine.kernels(Multiplier.nd4j()), 2, 1e-9)
                .decide(batch, outputs, losses)
                .parting();
    }

    private static double[] wholeAndParts(SameDiff sd) {
        SameDiffExecutor whole = SameDiffExecutor.forTraining(sd, List.of("w"));
        GraphExecutor parts = ParallelExecutor.of(whole, 2);
        return new double[] {
            whole.gradients(batch(), 0).loss(), parts.gradients(batch(), 0).loss()
        };
    }

    @ParameterizedTest
    @MethodSource("means")
    void meanOverRows_isCut_andPartsGiveTheWhole(Case c) {
        SameDiff sd = graph(c);

        ExecutionParts parting = parting(sd, batch(), List.of("loss"), true);

        assertThat(parting).isEqualTo(new ExecutionParts(2, "rows share nothing"));
        double[] losses = wholeAndParts(sd);
        assertThat(losses[1]).isCloseTo(losses[0], offset(EXACT));
    }

    @ParameterizedTest
    @MethodSource("sums")
    void sumOverRows_isCut_andPartsAddUpToTheWhole(Case c) {
        SameDiff sd = graph(c);
        SameDiffExecutor whole = SameDiffExecutor.forTraining(sd, List.of("w")).withKernels();

        LossAndGradients expected = whole.gradients(batch(), 0);
        LossAndGradients actual = ParallelExecutor.of(whole, 3).gradients(batch(), 0);

        assertThat(parting(sd, batch(), List.of("loss"), true)).isEqualTo(new ExecutionParts(2, "rows share nothing"));
        assertThat(actual.loss()).isCloseTo(expected.loss(), offset(EXACT));
        assertThat(actual.gradients()
                        .get("w")
                        .sub(expected.gradients().get("w"))
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(EXACT);
    }

    @ParameterizedTest
    @MethodSource("mixtures")
    void mixtureOfRows_staysWhole_asPartsGiveSomethingElse(Case c) {
        SameDiff sd = graph(c);

        ExecutionParts parting = parting(sd, batch(), List.of("loss"), true);

        assertThat(parting.count()).isOne();
        assertThat(parting.reason()).contains("\"loss\" is not known to be a mean over the rows of a batch");
        double[] losses = wholeAndParts(sd);
        assertThat(losses[1]).isNotCloseTo(losses[0], offset(1e-6));
    }

    @Test
    void numberOfRowsInTheGraph_staysWhole() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 4);
        sd.reshape(x, ROWS, 2, 2).mean().rename("loss");

        assertThat(parting(sd, Map.of("x", values(1, ROWS, 4)), List.of("loss"), true))
                .isEqualTo(new ExecutionParts(1, "the graph does not run on half of the rows"));
    }

    @Test
    void littleWork_staysWhole() {
        Case c = means().findFirst().orElseThrow();
        PartRule rule = new PartRule(graph(c), Engine.kernels(Multiplier.nd4j()), 2, PartRule.LEAST_WORK);

        assertThat(rule.decide(batch(), List.of("loss"), true).parting())
                .isEqualTo(new ExecutionParts(1, "too little work to share"));
    }

    @Test
    void outputs_areCutIfTheyHaveARowForEachRow() {
        SameDiff sd = graph(means().findFirst().orElseThrow());
        sd.getVariable("x").mmul("z", sd.getVariable("w"));
        sd.getVariable("z").sum("sums", 0);

        assertThat(parting(sd, batch(), List.of("z", "loss"), false).count()).isEqualTo(2);
        assertThat(parting(sd, batch(), List.of("z", "sums"), false).reason())
                .contains("\"sums\" is not known to have a row for each row of a batch");
    }

    @ParameterizedTest
    @MethodSource("poolings")
    void bert_isCut(Pooling pooling) {
        isCut(EncoderWeights.random(EncoderConfig.bert(2, 12, 3, 20, 30, 16, 2), 1, DataType.FLOAT), pooling);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "albert-seqcls",
                "bert-relative-key-query",
                "deberta-v1-seqcls",
                "deberta-v2-conv",
                "deberta-v3-multilabel-bias",
                "distilbert-seqcls",
                "electra-discriminator",
                "gte-ntk-seqcls",
                "modernbert-seqcls-mean",
                "mpnet-embed",
                "nomic-seqcls",
                "qwen3-embed-left",
                "roberta-seqcls",
                "t5-encoder-gated",
            })
    void everyFamily_isCut_andPartsGiveTheWhole(String model) throws IOException {
        Path directory = Path.of("src/test/resources/encoders/models", model);
        isCut(PretrainedEncoder.load(directory).weights(), Pooling.MEAN);
    }

    private static void isCut(EncoderWeights weights, Pooling pooling) {
        SameDiff sd = EncoderClassifier.create(weights, pooling, 3, 1).graph();
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(new int[][] {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {3, 2, 1}
        }));
        batch.put(EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(new float[][] {
            {1, 1, 1}, {1, 1, 0}, {1, 1, 1}, {1, 0, 0},
        }));
        batch.put(
                EncoderClassifier.LABELS,
                Nd4j.eye(4).castTo(DataType.FLOAT).get(NDArrayIndex.all(), NDArrayIndex.interval(0, 3)));

        assertThat(parting(sd, batch, sd.getLossVariables(), true))
                .isEqualTo(new ExecutionParts(2, "rows share nothing"));
        SameDiffExecutor whole = SameDiffExecutor.forTraining(sd, List.of(EncoderClassifier.HEAD + ".weight"));
        LossAndGradients expected = whole.gradients(batch, 0);
        LossAndGradients actual = ParallelExecutor.of(whole, 2).gradients(batch, 0);
        assertThat(actual.loss()).isCloseTo(expected.loss(), offset(1e-6));
        expected.gradients()
                .forEach((name, gradient) -> assertThat(actual.gradients()
                                .get(name)
                                .sub(gradient)
                                .amaxNumber()
                                .doubleValue())
                        .isLessThan(1e-6));
    }

    private static Stream<Pooling> poolings() {
        return Stream.of(Pooling.MEAN, Pooling.CLS, Pooling.NORMALIZED_MEAN);
    }
}
