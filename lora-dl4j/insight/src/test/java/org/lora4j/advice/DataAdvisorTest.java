/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.DataReport.Duplicate;
import org.lora4j.advice.DataReport.Likeness;
import org.lora4j.advice.DataReport.Outlier;
import org.lora4j.advice.DataReport.SuspectLabel;

/** Features around three centers: what is put in is found, and nothing else. */
class DataAdvisorTest {

    private static final int WIDTH = 24;
    private static final float[][] NONE = new float[0][];

    private final Random random = new Random(4);
    private final DataAdvisor advisor = DataAdvisor.builder().seed(2).build();

    /** Rows of classes "0", "1", "2" in turn, around points that are four deviations from zero. */
    private LabeledFeatures points(int count) {
        float[][] rows = new float[count][WIDTH];
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < WIDTH; j++) {
                rows[i][j] = (float) (random.nextGaussian() + (j % 3 == i % 3 ? 1.5 : 0));
            }
            labels.add("" + i % 3);
        }
        return new LabeledFeatures(rows, labels);
    }

    @Test
    void cleanData_givesNoCauseToActOnIt() {
        LabeledFeatures train = points(300);

        DataReport report = advisor.examine(train, points(60), points(90).features());

        assertThat(report.advices())
                .filteredOn(advice -> !advice.question().equals("cut texts"))
                .filteredOn(advice -> !advice.question().equals("learning curve"))
                .filteredOn(advice -> !advice.question().equals("label errors"))
                .filteredOn(advice -> !advice.question().equals("outliers"))
                .allSatisfy(advice ->
                        assertThat(advice.answer()).as(advice.toString()).isEqualTo(Answer.GOOD));
        assertThat(report.classSizes().sizes()).containsEntry("2", 100);
        assertThat(report.imbalance().ratio()).isEqualTo(1);
        assertThat(report.imbalance().evenness()).isCloseTo(1, within(1e-12));
        assertThat(report.cutTexts().advice().answer()).isEqualTo(Answer.UNKNOWN);
    }

    @Test
    void wrongLabels_areAtTheTopOfTheRanking() {
        LabeledFeatures train = points(300);
        List<String> labels = new ArrayList<>(train.labels());
        List<Integer> wrong = List.of(7, 50, 111, 160, 203, 290);
        wrong.forEach(row -> labels.set(row, "" + (row + 1) % 3));

        DataReport.LabelErrors errors =
                advisor.examine(train.features(), labels).labelErrors();

        assertThat(errors.ranking()).hasSize(300);
        assertThat(errors.ranking().subList(0, wrong.size()))
                .extracting(SuspectLabel::row)
                .filteredOn(wrong::contains)
                .hasSizeGreaterThanOrEqualTo(5);
        SuspectLabel first = errors.suspects().get(0);
        assertThat(first.suggested()).isEqualTo("" + first.row() % 3);
        assertThat(first.margin()).isNegative();
        assertThat(errors.advice().evidence())
                .containsEntry("examined", 300)
                .containsEntry("wrong", errors.estimated());
    }

    @Test
    void copies_areFoundOnce_withTheRowThatTheyRepeat() {
        LabeledFeatures train = points(60);
        float[][] rows = train.features();
        rows[20] = rows[5].clone();
        rows[40] = rows[5].clone();
        rows[50] = rows[11].clone();
        rows[50][0] += 0.001f;

        DataReport report = advisor.examine(train, new LabeledFeatures(new float[][] {rows[3]}, List.of("1")), NONE);

        assertThat(report.duplicates().rows())
                .extracting(Duplicate::row, Duplicate::of, Duplicate::likeness, Duplicate::sameLabel)
                .containsExactly(
                        tuple(20, 5, Likeness.SAME, true),
                        tuple(40, 5, Likeness.SAME, false),
                        tuple(50, 11, Likeness.NEAR, true));
        assertThat(report.duplicates().advice().answer()).isEqualTo(Answer.PROBLEM);
        assertThat(report.duplicates().advice().evidence()).containsEntry("contradictions", 1L);
        assertThat(report.leakage().rows())
                .extracting(Duplicate::row, Duplicate::of, Duplicate::likeness, Duplicate::sameLabel)
                .containsExactly(tuple(0, 3, Likeness.SAME, false));
        assertThat(report.leakage().advice().answer()).isEqualTo(Answer.PROBLEM);
    }

    /** A feature that is the same in all training rows counts, too, where it tells validation rows from them. */
    @Test
    void rowThatDiffersInAConstantFeatureOnly_isNoExactCopy() {
        LabeledFeatures train = points(60);
        for (float[] row : train.features()) {
            row[WIDTH - 1] = 1;
        }
        float[] other = train.features()[9].clone();
        other[WIDTH - 1] = 2;

        DataReport report = advisor.examine(train, new LabeledFeatures(new float[][] {other}, List.of("0")), NONE);

        assertThat(report.leakage().rows()).extracting(Duplicate::likeness).containsExactly(Likeness.NEAR);
    }

    @Test
    void rowFarFromAll_isAnOutlier() {
        LabeledFeatures train = points(120);
        Arrays.fill(train.features()[77], -40);

        assertThat(advisor.examine(train.features(), train.labels()).outliers().rows())
                .extracting(Outlier::row)
                .first()
                .isEqualTo(77);
    }

    /** Of a class whose rows are close together: no farther from others than rows of a wide class may be. */
    @Test
    void rowFarFromItsClass_isAnOutlier() {
        Random random = new Random(3);
        float[][] rows = new float[300][WIDTH];
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < rows.length; i++) {
            boolean dense = i < 180;
            for (int j = 0; j < WIDTH; j++) {
                double middle = i == 7 ? 0 : j % 2 == (dense ? 0 : 1) ? 2 : -2;
                rows[i][j] = (float) (middle + (i == 7 || !dense ? 2.5 : 0.2) * random.nextGaussian());
            }
            labels.add(dense ? "dense" : "wide");
        }

        DataReport.Outliers outliers = advisor.examine(rows, labels).outliers();

        Outlier found = outliers.rows().stream()
                .filter(one -> one.row() == 7)
                .findFirst()
                .orElseThrow();
        assertThat((double) outliers.advice().evidence().get("limit")).isGreaterThan(found.distance());
        assertThat(outliers.rows()).hasSizeLessThan(20);
    }

    @Test
    void shift_isFoundWithTheFeatureThatTells_evenIfItNeverChangedInTraining() {
        LabeledFeatures train = points(150);
        float[][] served = points(90).features();
        for (float[] row : train.features()) {
            row[6] = 0;
        }
        for (float[] row : served) {
            row[6] = 1;
        }

        DataReport.Shift shift =
                advisor.examine(train, LabeledFeatures.NONE, served).shift();

        assertThat(shift.advice().answer()).isEqualTo(Answer.PROBLEM);
        assertThat(shift.area().orElseThrow()).isGreaterThan(0.99);
        assertThat(shift.features()).first().satisfies(feature -> {
            assertThat(feature.index()).isEqualTo(6);
            assertThat(feature.difference()).isPositive();
        });
        assertThat(shift.mostForeign()).isNotEmpty();
    }

    @Test
    void shiftAlone_isThatOfTheWholeExamination_andNeedsNoLabels() {
        LabeledFeatures train = points(150);
        float[][] same = points(90).features();
        float[][] other = points(90).features();
        for (float[] row : other) {
            row[2] += 3;
        }

        for (float[][] served : List.of(same, other)) {
            assertThat(advisor.shift(train.features(), served))
                    .isEqualTo(
                            advisor.examine(train, LabeledFeatures.NONE, served).shift());
        }
        assertThat(advisor.shift(train.features(), other).advice().answer()).isEqualTo(Answer.PROBLEM);
        assertThat(advisor.shift(train.features(), new float[0][]).area()).isEmpty();
        assertThatThrownBy(() -> advisor.shift(train.features(), new float[][] {{1}}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("DataAdvisor.shift: served[0] has 1 features");
    }

    @Test
    void uncertainQuestions_areNotAnsweredWithANumber() {
        DataReport report = advisor.examine(points(12).features(), points(12).labels());

        assertThat(List.of(
                        report.leakage().advice(),
                        report.shift().advice(),
                        report.outliers().advice(),
                        report.learningCurve().advice(),
                        report.labelErrors().advice()))
                .allSatisfy(advice -> {
                    assertThat(advice.answer()).isEqualTo(Answer.UNKNOWN);
                    assertThat(advice.sentence()).startsWith("Cannot be said, because ");
                    assertThat(advice.evidence()).isEmpty();
                });
        assertThat(report.shift().area()).isEmpty();
        assertThat(report.labelErrors().ranking()).isEmpty();
        assertThat(report.learningCurve().points()).isEmpty();
    }

    @Test
    void classWithFewerRowsThanFolds_isLeftOutOfLabelErrors_andNamed() {
        LabeledFeatures train = points(150);
        List<String> labels = new ArrayList<>(train.labels());
        labels.set(0, "rare");
        labels.set(3, "rare");

        DataReport report = advisor.examine(train.features(), labels);

        assertThat(report.labelErrors().ranking()).hasSize(148).noneMatch(suspect -> suspect.row() == 0);
        assertThat(report.labelErrors().advice().sentence())
                .endsWith("Of others it cannot be said, because class \"rare\" has 2 examples and 5 folds need 5.");
        assertThat(report.classSizes().advice().answer()).isEqualTo(Answer.PROBLEM);
        assertThat(report.classSizes().advice().sentence()).contains("1 of 4 classes", "\"rare\"");
        assertThat(report.imbalance().advice().answer()).isEqualTo(Answer.CONSIDER);
    }

    @Test
    void labelThatOnlyValidationHas_isAProblem() {
        DataReport report =
                advisor.examine(points(60), new LabeledFeatures(points(1).features(), List.of("unseen")), NONE);

        assertThat(report.classSizes().advice().answer()).isEqualTo(Answer.PROBLEM);
        assertThat(report.classSizes().advice().sentence()).contains("\"unseen\"");
    }

    /** Eight classes that are hard to tell apart from the few rows of half the data. */
    @Test
    void learningCurve_saysThatMoreDataWouldHelp_whereItDoes() {
        int width = 60;
        float[][] rows = new float[1000][width];
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < width; j++) {
                rows[i][j] = (float) (random.nextGaussian() + (j % 8 == i % 8 ? 0.6 : 0));
            }
            labels.add("c" + i % 8);
        }

        DataReport.LearningCurve curve = advisor.examine(rows, labels).learningCurve();

        assertThat(curve.advice().answer()).isEqualTo(Answer.CONSIDER);
        assertThat(curve.advice().sentence()).startsWith("More data would help");
        assertThat(curve.points())
                .hasSize(4)
                .extracting(DataReport.Point::examples)
                .isSorted();
    }

    @Test
    void learningCurve_saysThatMoreDataWouldHardlyHelp_whereAllIsTold() {
        LabeledFeatures train = points(400);
        for (int i = 0; i < 400; i++) {
            train.features()[i][i % 3] += 8;
        }

        assertThat(advisor.examine(train.features(), train.labels())
                        .learningCurve()
                        .advice()
                        .answer())
                .isEqualTo(Answer.GOOD);
    }

    @Test
    void sameSeedAndData_giveTheSameReport() {
        LabeledFeatures train = points(120);
        float[][] served = points(60).features();

        DataReport report = advisor.examine(train, LabeledFeatures.NONE, served);

        assertThat(advisor.examine(train, LabeledFeatures.NONE, served)).isEqualTo(report);
        assertThat(report.json())
                .isEqualTo(advisor.examine(train, LabeledFeatures.NONE, served).json());
    }

    @Test
    void examination_writesToNothing() {
        LabeledFeatures train = points(60);
        float[][] before = Stream.of(train.features()).map(float[]::clone).toArray(float[][]::new);

        advisor.examine(train, train, train.features());

        assertThat(train.features()).isDeepEqualTo(before);
    }

    @Test
    void json_hasEveryAnswer() throws IOException {
        DataReport report = advisor.examine(points(90), points(30), points(30).features());

        JsonNode advice = new ObjectMapper().readTree(report.json()).get("advice");

        assertThat(advice).hasSize(9);
        assertThat(advice.findValuesAsText("question"))
                .containsExactly(
                        "class sizes",
                        "imbalance",
                        "label errors",
                        "duplicates",
                        "leakage",
                        "outliers",
                        "cut texts",
                        "shift",
                        "learning curve");
        assertThat(report.toString().lines()).hasSize(9);
    }

    @Test
    void wrongInput_isRefusedWithEveryProblem() {
        LabeledFeatures train = points(6);
        train.features()[1] = new float[3];
        train.features()[2][4] = Float.NaN;
        train.features()[3] = null;
        train.features()[4][0] = Float.POSITIVE_INFINITY;
        LabeledFeatures validation = new LabeledFeatures(new float[][] {new float[WIDTH]}, List.of());

        assertThatThrownBy(() -> advisor.examine(train, validation, new float[][] {{1}}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "DataAdvisor.examine: 6 problems: validation has 1 rows and 0 labels, expected a label for each"
                                + " row; train[1] has 3 features, expected 24 as train[0]; train[2][4] = NaN, expected finite numbers;"
                                + " train[3] is null, expected features; train[4][0] = Infinity, expected finite numbers;"
                                + " served[0] has 1 features, expected 24 as train[0]");
    }

    @Test
    void oneClass_isRefused() {
        assertThatThrownBy(() -> advisor.examine(points(6).features(), Collections.nCopies(6, "a")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("DataAdvisor.examine: all of train have the label \"a\", expected two classes or more");
    }

    @Test
    void featuresThatNeverChange_areRefused() {
        assertThatThrownBy(() -> advisor.examine(new float[20][4], points(20).labels()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("all rows of train have the same features");
    }

    @Test
    void nothing_isRefused() {
        assertThatThrownBy(() -> advisor.examine(NONE, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("DataAdvisor.examine: train: rows = 0, expected 2 or more");
        assertThatThrownBy(() -> advisor.examine(points(6), null, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 problems");
    }

    @Test
    void settingsOutOfRange_areRefusedTogether() {
        assertThatThrownBy(() -> DataAdvisor.builder()
                        .folds(1)
                        .smallestClass(0)
                        .nearDuplicate(Double.NaN)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 problems");
    }
}
