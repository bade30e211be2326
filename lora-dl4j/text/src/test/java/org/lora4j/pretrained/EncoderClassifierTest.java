/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class EncoderClassifierTest {

    private static final double EXACT = 1e-10;
    private static final int[][] IDS = {{4, 17, 8, 29}, {5, 9, 0, 0}};
    private static final double[][] MASK = {{1, 1, 1, 1}, {1, 1, 0, 0}};

    private final EncoderWeights weights = TinyBerts.weights(TinyBerts.CONFIG, 7);
    private final EncoderClassifier classifier = EncoderClassifier.create(weights, Pooling.CLS, 3, 42);

    @Test
    void logits_areTheHeadOverThePooledState() {
        double[] expected = logits(new int[] {5, 9});

        INDArray logits = output(classifier.graph(), batch(), EncoderClassifier.LOGITS);

        assertThat(logits.shape()).containsExactly(2, 3);
        assertThat(logits.getRow(1).toDoubleVector()).containsExactly(expected, within(EXACT));
    }

    @Test
    void loss_isTheMeanNegativeLogProbabilityOfTheLabels() {
        double first = crossEntropy(logits(new int[] {4, 17, 8, 29}), 2);
        double second = crossEntropy(logits(new int[] {5, 9}), 0);

        INDArray loss = output(classifier.graph(), batch(), EncoderClassifier.LOSS);

        assertThat(loss.getDouble(0)).isCloseTo((first + second) / 2, within(EXACT));
    }

    @Test
    void probabilities_sumToOneForEveryText() {
        INDArray probabilities = output(classifier.graph(), batch(), EncoderClassifier.PROBABILITIES);

        assertThat(probabilities.sum(1).toDoubleVector()).containsExactly(new double[] {1, 1}, within(EXACT));
    }

    @Test
    void onlyTheHead_consistsOfVariables() {
        List<String> variables = classifier.graph().variables().stream()
                .filter(v -> v.getVariableType() == VariableType.VARIABLE)
                .map(SDVariable::name)
                .toList();

        assertThat(variables).containsExactlyInAnyOrder("classifier.weight", "classifier.bias");
    }

    @Test
    void lossVariables_areTheLossAlone() {
        assertThat(classifier.graph().getLossVariables()).containsExactly("loss");
    }

    @Test
    void head_isWithinPytorchsBoundsAndFollowsTheSeed() {
        double bound = 1 / Math.sqrt(12);

        double[] head = head(classifier);

        assertThat(DoubleStream.of(head).map(Math::abs).max().orElseThrow()).isBetween(0.8 * bound, bound);
        assertThat(head(EncoderClassifier.create(weights, Pooling.CLS, 3, 42))).isEqualTo(head);
        assertThat(head(EncoderClassifier.create(weights, Pooling.CLS, 3, 43))).isNotEqualTo(head);
    }

    @Test
    void stockGradients_agreeWithNumericDifferentiationFromTheFirstLayerUp() {
        // Weights of the base as variables, as in full fine-tuning; embeddings stay constant: stock gather is wrong.
        List<String> names = List.of(
                "embeddings.LayerNorm.weight",
                "encoder.layer.0.attention.self.query.weight",
                "encoder.layer.0.attention.self.key.bias",
                "encoder.layer.0.attention.self.value.weight",
                "encoder.layer.0.intermediate.dense.weight",
                "encoder.layer.1.output.LayerNorm.bias",
                "classifier.weight");
        EncoderWeights all = TinyBerts.weightsWithPooler(TinyBerts.CONFIG, 7);
        for (Pooling pooling : TinyBerts.POOLINGS) {
            SameDiff graph =
                    EncoderClassifier.create(all.copy(), pooling, 3, 42).graph();
            names.forEach(name -> graph.convertToVariable(graph.getVariable(name)));

            Map<String, INDArray> gradients = graph.calculateGradients(batch(), names);

            for (String name : names) {
                long element = graph.getVariable(name).getArr().length() / 2;
                assertThat(gradients.get(name).getDouble(element))
                        .as("%s, %s[%d]", pooling, name, element)
                        .isCloseTo(numericGradient(graph, name, element), within(1e-8));
            }
        }
    }

    @Test
    void graph_savedAndLoadedByStockSameDiff_givesEqualLossAndLogits(@TempDir Path directory) throws IOException {
        File file = directory.resolve("classifier.fb").toFile();

        classifier.graph().save(file, true);
        SameDiff loaded = SameDiff.load(file, true);

        for (String name : List.of(EncoderClassifier.LOSS, EncoderClassifier.LOGITS, EncoderClassifier.PROBABILITIES)) {
            assertThat(output(loaded, batch(), name)).isEqualTo(output(classifier.graph(), batch(), name));
        }
    }

    @Test
    void everyVariable_isNamedByAModuleOrIsAPlaceholderOrAnOutput() {
        List<String> plain = classifier.graph().variables().stream()
                .map(SDVariable::name)
                .filter(name -> !name.contains("/") && !name.contains("."))
                .toList();

        assertThat(plain)
                .containsExactlyInAnyOrder(
                        "input_ids",
                        "attention_mask",
                        "position_ids",
                        "last_hidden_state",
                        "pooled",
                        "labels",
                        "logits",
                        "probabilities",
                        "loss");
    }

    @Test
    void create_withOneClass_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncoderClassifier.create(weights, Pooling.MEAN, 1, 0))
                .withMessage("EncoderClassifier: classes = 1; expected 2 or more.");
    }

    @Test
    void requireValid_withLabelsOfAnotherShape_namesBothShapes() {
        Map<String, INDArray> batch = batch();
        batch.put(EncoderClassifier.LABELS, Nd4j.zeros(DataType.DOUBLE, 2, 4));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> classifier.requireValid(batch))
                .withMessage("placeholders: labels has shape [2, 4], expected [2, 3], one-hot");
    }

    private double[] logits(int[] ids) {
        double[] state = new ReferenceBert(weights).lastHiddenState(ids, new int[ids.length])[0];
        INDArray weight = classifier.graph().getVariable("classifier.weight").getArr();
        double[] logits =
                classifier.graph().getVariable("classifier.bias").getArr().toDoubleVector();
        for (int j = 0; j < logits.length; j++) {
            for (int i = 0; i < state.length; i++) {
                logits[j] += state[i] * weight.getDouble(i, j);
            }
        }
        return logits;
    }

    private static double crossEntropy(double[] logits, int label) {
        double total = DoubleStream.of(logits).map(Math::exp).sum();
        return -Math.log(Math.exp(logits[label]) / total);
    }

    private static double numericGradient(SameDiff graph, String name, long element) {
        double step = 1e-5;
        INDArray array = graph.getVariable(name).getArr();
        double value = array.getDouble(element);
        array.putScalar(element, value + step);
        double above = output(graph, batch(), EncoderClassifier.LOSS).getDouble(0);
        array.putScalar(element, value - step);
        double below = output(graph, batch(), EncoderClassifier.LOSS).getDouble(0);
        array.putScalar(element, value);
        return (above - below) / (2 * step);
    }

    private static double[] head(EncoderClassifier classifier) {
        return Nd4j.concat(
                        0,
                        classifier
                                .graph()
                                .getVariable("classifier.weight")
                                .getArr()
                                .ravel(),
                        classifier.graph().getVariable("classifier.bias").getArr())
                .toDoubleVector();
    }

    private static Map<String, INDArray> batch() {
        Map<String, INDArray> batch = TinyBerts.batch(IDS, MASK);
        batch.put(EncoderClassifier.LABELS, Nd4j.createFromArray(new double[][] {{0, 0, 1}, {1, 0, 0}}));
        return batch;
    }

    private static INDArray output(SameDiff graph, Map<String, INDArray> batch, String name) {
        return graph.output(batch, name).get(name);
    }
}
