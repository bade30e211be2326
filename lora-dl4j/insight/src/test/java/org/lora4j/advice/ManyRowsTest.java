/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.DataReport.Duplicate;
import org.lora4j.advice.DataReport.Likeness;

/** Of many rows some are compared, and the answers say which. */
class ManyRowsTest {

    private static final int WIDTH = 12;
    private static final int COUNT = 12_000;
    private static final int VALIDATION = 5_000;

    private static LabeledFeatures rows(int count, Random random) {
        float[][] rows = new float[count][WIDTH];
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < WIDTH; j++) {
                rows[i][j] = (float) random.nextGaussian();
            }
            rows[i][i % 2] += 4;
            labels.add("" + i % 2);
        }
        return new LabeledFeatures(rows, labels);
    }

    @Test
    void manyRows_areComparedInPart_bySeed_andCopiesAreFoundAmongAll() {
        Random random = new Random(3);
        LabeledFeatures train = rows(COUNT, random);
        LabeledFeatures validation = rows(VALIDATION, random);
        // Each row of the second half is a copy of one of the first but for a thousandth, and some are copies.
        for (int i = COUNT / 2; i < COUNT; i++) {
            float[] copy = train.features()[i - COUNT / 2].clone();
            copy[0] += i % 100 == 0 ? 0 : 1e-3f;
            train.features()[i] = copy;
        }
        validation.features()[17] = train.features()[5].clone();
        DataAdvisor advisor = DataAdvisor.builder().seed(9).build();

        DataReport report = advisor.examine(train, validation, new float[0][]);

        // 40 million pairs over 12,000 rows to compare with.
        assertThat(report.duplicates().advice().evidence())
                .containsEntry("rows", COUNT)
                .containsEntry("compared", 3_333)
                .containsEntry("comparedWith", COUNT);
        assertThat(report.duplicates().advice().answer()).isEqualTo(Answer.PROBLEM);
        assertThat(report.duplicates().advice().sentence())
                .contains("looked for in 3333 of 12000 training rows, drawn by the seed");
        assertThat(report.duplicates().rows())
                .filteredOn(one -> one.likeness() == Likeness.SAME)
                .extracting(Duplicate::row)
                .hasSize(COUNT / 2 / 100);
        // Near ones are found from either side: by a row that is compared, or by one that it is a copy of.
        assertThat(report.duplicates().rows()).hasSizeBetween(2_500, 3_400);
        assertThat(report.duplicates().rows()).allMatch(one -> one.of() == one.row() - COUNT / 2);
        assertThat(report.leakage().rows()).hasSize(1);
        assertThat(report.leakage().advice().evidence())
                .containsEntry("compared", 3_333)
                .containsEntry("comparedWith", COUNT);
        assertThat(report.outliers().advice().evidence()).containsEntry("compared", 3_333);
        assertThat(advisor.examine(train, validation, new float[0][]).json()).isEqualTo(report.json());
    }

    @Test
    void fewRows_areAllCompared_andNothingIsSaidOfIt() {
        DataReport report =
                DataAdvisor.builder().build().examine(rows(300, new Random(1)), LabeledFeatures.NONE, new float[0][]);

        assertThat(report.duplicates().advice().evidence()).doesNotContainKeys("compared", "comparedWith");
        assertThat(report.toString()).doesNotContain("drawn by the seed");
    }
}
