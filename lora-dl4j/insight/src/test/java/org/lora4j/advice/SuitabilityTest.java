/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.Suitability.Verdict;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.internal.array.Matrix;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.lora4j.train.DataSetPlaceholders;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class SuitabilityTest {

    private static final int SIDE = 12;
    private static final LoraConfig RANK_2 =
            LoraConfig.builder().rank(2).targetModules("fc").build();

    /** Rows of four numbers around the corner of their class, or around none. */
    private static float[][] rows(int[] labels, double distance, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[][] rows = new float[labels.length][4];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < 4; j++) {
                rows[i][j] = (float) (random.nextDouble(-1, 1) + (j == labels[i] ? distance : 0));
            }
        }
        return rows;
    }

    private static int[] labels(int count, int classes) {
        return IntStream.range(0, count).map(i -> i % classes).toArray();
    }

    /** x [-1, 12] by fc [12, 12], mean squared error against a target. */
    private static AdaptedSameDiff model() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, SIDE);
        SDVariable target = graph.placeHolder("target", DataType.FLOAT, -1, SIDE);
        SDVariable y = x.mmul("y", graph.var("fc.weight", Nd4j.zeros(DataType.FLOAT, SIDE, SIDE)));
        SDVariable difference = y.sub(target);
        difference.mul(difference).mean("loss");
        graph.setLossVariables("loss");
        return AdaptedSameDiff.of(graph);
    }

    /** Inputs that are the unit vectors, so that the gradient is -2 T / 144, with T [inputs, outputs]. */
    private static List<Batch> batches(INDArray target) {
        return List.of(Batch.of(Map.of("x", Nd4j.eye(SIDE).castTo(DataType.FLOAT), "target", target), SIDE));
    }

    @Test
    void aTaskThatAHeadLearns_needsAHead() {
        int[] labels = labels(90, 3);

        Suitability found =
                Suitability.beforeTraining(rows(labels, 3, 1), labels).forecast();

        assertThat(found.verdict()).isEqualTo(Verdict.HEAD_IS_ENOUGH);
        assertThat(found.rank()).isEmpty();
        assertThat(found.advice().answer()).isEqualTo(Answer.GOOD);
        assertThat(found.advice().evidence()).containsEntry("headAccuracy", 1.0).containsEntry("examples", 90);
        assertThat(found)
                .hasToString(
                        "suitability: A head is enough: a head on the frozen base reaches 100.0 %, and 95.0 % would do.");
    }

    @Test
    void aBaseThatLosesWhatItsInputsHold_isNotEnoughForLora() {
        int[] labels = labels(90, 3);

        Suitability found = Suitability.beforeTraining(rows(labels, 0.3, 1), labels)
                .inputs(rows(labels, 3, 2))
                .forecast();

        assertThat(found.verdict()).isEqualTo(Verdict.LORA_IS_NOT_ENOUGH);
        assertThat(found.advice().answer()).isEqualTo(Answer.PROBLEM);
        assertThat(found.advice().sentence())
                .startsWith("LoRA will not be enough here, because a head on the frozen base reaches ")
                .endsWith(
                        "and 100.0 % on the inputs themselves: the base loses what the task needs. Fine-tune fully, or take"
                                + " another base.");
    }

    @Test
    void aFlatGradient_isNotEnoughForLora() {
        int[] labels = labels(90, 3);
        AdaptedSameDiff model = model();

        Suitability found = Suitability.beforeTraining(rows(labels, 0.3, 1), labels)
                .gradients(model, model, RANK_2, batches(Nd4j.eye(SIDE).castTo(DataType.FLOAT)))
                .forecast();

        assertThat(found.verdict()).isEqualTo(Verdict.LORA_IS_NOT_ENOUGH);
        assertThat((double) found.advice().evidence().get("shareWithinConfig")).isCloseTo(2.0 / SIDE, within(1e-6));
        assertThat(found.advice().sentence())
                .contains("because the gradient is flat: the config's ranks can have 17 % of its energy");
    }

    @Test
    void aGradientOfRankTwo_isSuitedToLoraOfRankTwo() {
        int[] labels = labels(90, 3);
        AdaptedSameDiff model = model();
        INDArray target = Nd4j.zeros(DataType.FLOAT, SIDE, SIDE);
        // Singular values 4 and 3: energies 16 and 9 of 25.
        target.putScalar(0, 5, 4);
        target.putScalar(7, 1, 3);

        Suitability found = Suitability.beforeTraining(rows(labels, 0.3, 1), labels)
                .gradients(model, model, RANK_2, batches(target))
                .forecast();

        assertThat(found.verdict()).isEqualTo(Verdict.LORA);
        assertThat(found.rank()).isEqualTo(OptionalInt.of(2));
        Map<?, ?> shares = (Map<?, ?>) found.advice().evidence().get("shareWithinRank");
        assertThat((double) shares.get("1")).isCloseTo(0.64, within(1e-6));
        assertThat((double) shares.get("2")).isCloseTo(1, within(1e-6));
        Map<?, ?> module = (Map<?, ?>) ((Map<?, ?>) found.advice().evidence().get("modules")).get("fc");
        assertThat((double) module.get("stableRank")).isCloseTo(25.0 / 16, within(1e-6));
    }

    @Test
    void withoutGradients_noRankIsNamed() {
        int[] labels = labels(90, 3);

        Suitability found =
                Suitability.beforeTraining(rows(labels, 0.3, 1), labels).forecast();

        assertThat(found.verdict()).isEqualTo(Verdict.LORA);
        assertThat(found.rank()).isEmpty();
        assertThat(found.advice().answer()).isEqualTo(Answer.CONSIDER);
    }

    @Test
    void baseFeatures_giveTheDistance() {
        int[] labels = labels(90, 3);
        float[][] features = rows(labels, 0.3, 1);
        float[][] far = rows(labels, 0.3, 2);
        Arrays.stream(far).forEach(row -> row[0] += 100);

        Map<String, Object> near = Suitability.beforeTraining(features, labels)
                .baseFeatures(rows(labels, 0.3, 3))
                .forecast()
                .advice()
                .evidence();
        Map<String, Object> away = Suitability.beforeTraining(far, labels)
                .baseFeatures(features)
                .forecast()
                .advice()
                .evidence();

        assertThat((double) near.get("domainArea")).isLessThan(0.65);
        assertThat((double) near.get("meanDistance")).isLessThan(0.3);
        assertThat((double) away.get("domainArea")).isCloseTo(1, within(1e-9));
        assertThat((double) away.get("meanDistance")).isGreaterThan(50);
    }

    @Test
    void gradients_leaveTheModelAsItWas() {
        AdaptedSameDiff model = model();
        model.addAdapter("other", RANK_2, 3);
        model.addAdapter("weight-gradients", RANK_2, 4);
        model.setTrainable("other", false);
        model.activate("other");
        INDArray before = model.adapter("other")
                .modules()
                .get("fc")
                .values()
                .iterator()
                .next()
                .dup();

        Map<String, Matrix> gradients = WeightGradients.of(
                "test", model, model, RANK_2, batches(Nd4j.eye(SIDE).castTo(DataType.FLOAT)));

        // -2 / 144 on the diagonal.
        assertThat(gradients.get("fc").get(3, 3)).isCloseTo(-2.0 / 144, within(1e-8));
        assertThat(gradients.get("fc").get(3, 4)).isZero();
        assertThat(model.adapterNames()).containsExactly("other", "weight-gradients");
        assertThat(model.activeAdapters()).containsExactly("other");
        assertThat(model.isTrainable("other")).isFalse();
        assertThat(model.adapter("other")
                        .modules()
                        .get("fc")
                        .values()
                        .iterator()
                        .next())
                .isEqualTo(before);
    }

    @Test
    void gradients_ofANetworkOfDeeplearning4j_areThoseOfTheGraph() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .weightInit(WeightInit.ZERO)
                .list()
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .name("fc")
                        .nIn(SIDE)
                        .nOut(SIDE)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
        network.init();
        INDArray parameters = network.params().dup();
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(network);
        INDArray target = Nd4j.zeros(DataType.FLOAT, SIDE, SIDE);
        target.putScalar(0, 5, 4);
        target.putScalar(7, 1, 3);

        Map<String, Matrix> gradients = WeightGradients.of(
                "test", model, model.trainable(DataSetPlaceholders.of("x", "target")), RANK_2, batches(target));

        AdaptedSameDiff graph = model();
        Map<String, Matrix> ofGraph = WeightGradients.of("test", graph, graph, RANK_2, batches(target));
        // [outputs, inputs]: -2 T / 144, transposed.
        assertThat(gradients.get("fc").get(5, 0)).isCloseTo(-8.0 / 144, within(1e-7));
        assertThat(gradients.get("fc").get(1, 7)).isCloseTo(-6.0 / 144, within(1e-7));
        assertThat(gradients.get("fc").plus(-1, ofGraph.get("fc")).largest()).isLessThan(1e-7);
        assertThat(model.adapterNames()).isEmpty();
        assertThat(network.params()).isEqualTo(parameters);
    }

    @Test
    void gradients_areMeansOfBatchesByWeight() {
        AdaptedSameDiff model = model();
        INDArray one = Nd4j.eye(SIDE).castTo(DataType.FLOAT);
        Batch first = batches(one).get(0).withWeight(3);
        Batch second = batches(one.mul(5)).get(0).withWeight(1);

        Map<String, Matrix> gradients = WeightGradients.of("test", model, model, RANK_2, List.of(first, second));

        // (3 * 1 + 1 * 5) / 4 = 2
        assertThat(gradients.get("fc").get(0, 0)).isCloseTo(-4.0 / 144, within(1e-8));
    }

    @Test
    void gradients_ofNothing_areRefused() {
        int[] labels = labels(90, 3);
        AdaptedSameDiff model = model();
        BeforeTraining forecast = Suitability.beforeTraining(rows(labels, 1, 1), labels);

        assertThatThrownBy(() -> forecast.gradients(model, model, RANK_2, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no batch");
        assertThatThrownBy(
                        () -> forecast.gradients(model, model, RANK_2, batches(Nd4j.zeros(DataType.FLOAT, SIDE, SIDE))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the gradients of all targeted weights are 0");
        assertThatThrownBy(() -> forecast.gradients(
                        model, model, RANK_2, batches(Nd4j.valueArrayOf(new long[] {SIDE, SIDE}, Float.NaN))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not finite");
        assertThat(model.adapterNames()).isEmpty();
    }

    @Test
    void tooLittleData_givesNoNumber() {
        int[] few = labels(40, 2);
        int[] rare = labels(90, 3);
        rare[0] = 3;

        Suitability small = Suitability.beforeTraining(rows(few, 3, 1), few).forecast();
        Suitability unbalanced =
                Suitability.beforeTraining(rows(rare, 3, 1), rare).forecast();

        assertThat(small.verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(small.advice().answer()).isEqualTo(Answer.UNKNOWN);
        assertThat(small.advice().evidence()).isEmpty();
        assertThat(small.advice().sentence()).startsWith("Cannot be said, because 40 examples are fewer than 50");
        assertThat(unbalanced.advice().sentence())
                .isEqualTo("Cannot be said, because a class has 1 examples, and 5 folds need one each.");
    }

    @Test
    void badInput_isToldAllAtOnce() {
        float[][] rows = {{1, 2}, {Float.NaN, 2}, {1}, {1, 2}};

        assertThatThrownBy(() -> Suitability.beforeTraining(rows, new int[] {-1, -1, -1}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "value 0 in row 1 of the features is NaN",
                        "row 2 of the features is of length 1",
                        "3 labels for 4 examples",
                        "label -1",
                        "all examples are of class -1");
        assertThatThrownBy(() -> Suitability.beforeTraining(new float[60][3], labels(60, 2)))
                .hasMessageContaining("the features of all examples are the same");
        assertThatThrownBy(() -> Suitability.beforeTraining(new float[0][], new int[0]))
                .hasMessageContaining("no features");
        int[] labels = labels(60, 2);
        BeforeTraining forecast = Suitability.beforeTraining(rows(labels, 1, 1), labels);
        assertThatThrownBy(() -> forecast.inputs(new float[59][2])).hasMessageContaining("59 inputs for 60 examples");
        assertThatThrownBy(() -> forecast.baseFeatures(new float[9][5]))
                .hasMessageContaining("5 features of the base's data");
        assertThatThrownBy(() -> forecast.sufficient(1.5)).hasMessageContaining("sufficient = 1.5");
    }

    @Test
    void json_hasVerdictAndRank() throws IOException {
        JsonNode json = new ObjectMapper()
                .readTree(Suitability.afterTraining(2000)
                        .head(0.80)
                        .rank(4, 0.95)
                        .full(0.952)
                        .judge()
                        .json());

        assertThat(json.path("question").asText()).isEqualTo("suitability");
        assertThat(json.path("evidence").path("verdict").asText()).isEqualTo("LORA");
        assertThat(json.path("evidence").path("rank").asInt()).isEqualTo(4);
        assertThat(json.path("evidence").path("ranks").path("4").asDouble()).isEqualTo(0.95);
        assertThat(json.path("evidence").path("distanceToFull").asDouble()).isCloseTo(0.002, within(1e-12));
    }

    /** Of 2,000 examples one standard error at 95 % is 0.69 points; at 99.5 % it is 0.22, and half a point counts. */
    @ParameterizedTest
    @CsvSource({
        "0.946, 0.95 0.95, 0.95, HEAD_IS_ENOUGH, 0",
        "0.93, 0.944 0.95, 0.95, LORA, 2",
        "0.93, 0.94 0.95, 0.95, LORA, 8",
        "0.93, 0.94 0.94, 0.95, LORA_IS_NOT_ENOUGH, 0",
        "0.99, 0.995 0.995, 0.995, HEAD_IS_ENOUGH, 0",
        "0.989, 0.995 0.995, 0.99, LORA, 2",
        "0.93, 0.96 0.96, 0.94, LORA, 2",
    })
    void theCheapest_thatIsNoWorseThanTheBest_isTaken(
            double head, String ranks, double full, Verdict verdict, int rank) {
        double[] reached =
                Arrays.stream(ranks.split(" ")).mapToDouble(Double::parseDouble).toArray();

        Suitability found = Suitability.afterTraining(2000)
                .head(head)
                .rank(2, reached[0])
                .rank(8, reached[1])
                .full(full)
                .judge();

        assertThat(found.verdict()).isEqualTo(verdict);
        assertThat(found.rank().orElse(0)).isEqualTo(rank);
    }

    @Test
    void aCurveThatStillRises_isSaid() {
        Suitability found = Suitability.afterTraining(1000)
                .head(0.7)
                .rank(4, 0.8)
                .rank(8, 0.9)
                .judge();

        assertThat(found.advice().answer()).isEqualTo(Answer.CONSIDER);
        assertThat(found.advice().sentence())
                .isEqualTo(
                        "LoRA of rank 8: it reaches 90.00 %, and the best of all reaches 90.00 %, a head alone 70.00 %. The"
                                + " curve still rises at the highest rank: try twice as much.");
    }

    /** Of 1,000 examples one standard error at 90 % is 1.3 points. */
    @Test
    void aCurveThatRises_toLessThanFullFineTuning_asksForAHigherRankFirst() {
        Suitability found = Suitability.afterTraining(1000)
                .rank(4, 0.8)
                .rank(8, 0.9)
                .full(0.95)
                .judge();

        assertThat(found.verdict()).isEqualTo(Verdict.LORA_IS_NOT_ENOUGH);
        assertThat(found.advice().answer()).isEqualTo(Answer.CONSIDER);
        assertThat(found.advice().sentence())
                .isEqualTo(
                        "LoRA is not enough here, because full fine-tuning reaches 95.00 %, and ranks up to 8 reach 90.00 %. The"
                                + " curve still rises at the highest rank: try twice as much before you fine-tune fully.");
        assertThat(Suitability.afterTraining(1000)
                        .rank(4, 0.9)
                        .rank(8, 0.9)
                        .full(0.95)
                        .judge()
                        .advice()
                        .answer())
                .isEqualTo(Answer.PROBLEM);
    }

    @Test
    void whereTheInputsAloneGiveMore_theBaseIsTheWrongOne() {
        Suitability found = Suitability.afterTraining(1000)
                .inputs(0.9)
                .head(0.5)
                .rank(8, 0.8)
                .full(0.82)
                .judge();

        assertThat(found.verdict()).isEqualTo(Verdict.LORA_IS_NOT_ENOUGH);
        assertThat(found.advice().answer()).isEqualTo(Answer.PROBLEM);
        assertThat(found.advice().sentence())
                .isEqualTo(
                        "LoRA is not enough here, because a head on the inputs themselves reaches 90.00 %, and ranks up to"
                                + " 8 reach 80.00 %. The base loses what the task needs: take another one.");
    }

    /** Of 2,000 examples one standard error at 95 % is 0.69 points. */
    @ParameterizedTest
    @CsvSource({
        "0.9400, LORA, 'rank 8 is 1.00 points below the best, where up to 0.72 count as none'",
        "0.9440, LORA, 'rank 8 is 0.60 points below the best, where up to 0.71 count as none'",
        "0.9490, LORA,",
        "0.9300, LORA_IS_NOT_ENOUGH,"
    })
    void aVerdictNearItsLine_saysSo(double reached, Verdict verdict, String line) {
        Suitability found = Suitability.afterTraining(2000)
                .head(0.8)
                .rank(8, reached)
                .rank(16, verdict == Verdict.LORA ? 0.95 : reached)
                .full(0.95)
                .judge();

        assertThat(found.verdict()).isEqualTo(verdict);
        assertThat(found.advice().evidence()).containsEntry("onTheLine", line != null);
        if (line == null) {
            assertThat(found.advice().sentence()).doesNotContain("On the line");
        } else {
            assertThat(found.advice().answer()).isEqualTo(Answer.CONSIDER);
            assertThat(found.advice().sentence()).contains(" On the line: " + line);
        }
    }

    @Test
    void afterTraining_ofTooLittle_givesNoVerdict() {
        assertThat(Suitability.afterTraining(100).head(0.9).judge().verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(Suitability.afterTraining(100).rank(4, 0.9).judge().verdict())
                .isEqualTo(Verdict.UNKNOWN);
    }

    @Test
    void afterTraining_ofBadNumbers_tellsAll() {
        assertThatThrownBy(() -> Suitability.afterTraining(100)
                        .head(93)
                        .rank(0, Double.NaN)
                        .rank(4, 0.9)
                        .rank(4, 0.8)
                        .full(-1)
                        .inputs(2)
                        .judge())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "head reached 93.0",
                        "rank 0 reached NaN",
                        "rank 4 is given twice",
                        "full reached -1.0",
                        "inputs reached 2.0");
        assertThatThrownBy(() -> Suitability.afterTraining(0)).hasMessageContaining("examples = 0");
    }
}
