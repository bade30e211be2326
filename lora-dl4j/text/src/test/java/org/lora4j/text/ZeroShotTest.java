/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scores of labels, worked out here from the logits of the pairs as the pipeline of Transformers does. */
class ZeroShotTest {

    private static final List<String> LABELS = List.of("t30", "t31", "t32");

    @TempDir
    private Path folder;

    private Path nli(String first, String second, String third) throws IOException {
        return EncoderFixture.copy("albert-seqcls", folder)
                .config("\"0\": \"LABEL_0\"", "\"0\": \"" + first + "\"")
                .config("\"1\": \"LABEL_1\"", "\"1\": \"" + second + "\"")
                .config("\"2\": \"LABEL_2\"", "\"2\": \"" + third + "\"")
                .directory();
    }

    private static double[][] logits(ZeroShot zeroShot, String text) {
        return LABELS.stream()
                .map(label ->
                        zeroShot.classifier().logits(List.of(new TextPair(text, "t7 " + label + " t8")), "predict")[0])
                .map(row -> new double[] {row[0], row[1], row[2]})
                .toArray(double[][]::new);
    }

    @Test
    void oneLabel_isASoftmaxOverTheEntailmentOfAll() throws IOException {
        try (ZeroShot zeroShot =
                ZeroShot.load(nli("contradiction", "neutral", "ENTAILMENT")).template("t7 {} t8")) {
            double[][] logits = logits(zeroShot, "t20 t21");
            double sum = Math.exp(logits[0][2]) + Math.exp(logits[1][2]) + Math.exp(logits[2][2]);

            Prediction p = zeroShot.predict("t20 t21", LABELS);

            for (int i = 0; i < 3; i++) {
                assertThat(p.scores().get(LABELS.get(i))).isCloseTo(Math.exp(logits[i][2]) / sum, within(1e-6));
            }
            assertThat(p.labels()).containsExactly(p.label());
            assertThat(zeroShot.predict(List.of("t9", "t20 t21"), LABELS).get(1).label())
                    .isEqualTo(p.label());
        }
    }

    @Test
    void severalLabels_areJudgedAgainstContradiction() throws IOException {
        try (ZeroShot zeroShot = ZeroShot.load(nli("contradiction", "neutral", "entailment"))
                .template("t7 {} t8")
                .severalLabels()) {
            double[][] logits = logits(zeroShot, "t20 t21");
            Prediction p = zeroShot.predict("t20 t21", LABELS);

            for (int i = 0; i < 3; i++) {
                double score = 1 / (1 + Math.exp(logits[i][0] - logits[i][2]));
                assertThat(p.scores().get(LABELS.get(i))).isCloseTo(score, within(1e-6));
                assertThat(p.labels().contains(LABELS.get(i))).isEqualTo(score >= 0.5);
            }
        }
    }

    @Test
    void entailmentInTheFirstPlace_hasContradictionInTheLast() throws IOException {
        try (ZeroShot zeroShot =
                ZeroShot.load(nli("Entailment", "neutral", "contradiction")).template("t7 {} t8")) {
            double[] logits = logits(zeroShot, "t20")[0];

            Prediction single = zeroShot.predict("t20", LABELS.subList(0, 1));

            assertThat(single.score()).isCloseTo(1 / (1 + Math.exp(logits[2] - logits[0])), within(1e-6));
        }
    }

    @Test
    void evaluate_comparesWithTheTruth() throws IOException {
        try (ZeroShot zeroShot = ZeroShot.load(nli("contradiction", "neutral", "entailment"))) {
            String label = zeroShot.predict("t20", LABELS).label();

            assertThat(zeroShot.evaluate(List.of(new LabeledText("t20", label)), LABELS)
                            .accuracy())
                    .isEqualTo(1);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> zeroShot.evaluate(List.of(new LabeledText("t20", "x")), LABELS))
                    .withMessageContaining("examples[0] has the labels \"x\"");
        }
    }

    @Test
    void labelsTemplatesAndCheckpointsThatDoNotFit_areRefused() throws IOException {
        Path other = EncoderFixture.copy("roberta-seqcls", folder).directory();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ZeroShot.load(other))
                .withMessageContaining("the labels of the classifier are \"LABEL_0\", \"LABEL_1\", \"LABEL_2\"");
        try (ZeroShot zeroShot = ZeroShot.load(nli("contradiction", "neutral", "entailment"))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> zeroShot.template("This is it."))
                    .withMessageContaining("has no place for a label");
            for (List<String> labels : List.of(List.<String>of(), List.of("a", " "), List.of("a", "a "))) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> zeroShot.predict("t5", labels))
                        .withMessageContaining("expected one or more, none of them empty, each of them once");
            }
        }
    }
}
