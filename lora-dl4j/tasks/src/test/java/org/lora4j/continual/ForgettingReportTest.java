/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.error.CorruptAdapterException;

class ForgettingReportTest {

    // Sums of a few decimal fractions in double precision.
    private static final double ROUNDING = 1e-15;

    private static final double[][] ACCURACY = {{0.9, 0.3, 0.2}, {0.7, 0.8, 0.4}, {0.5, 0.9, 0.6}};

    @TempDir
    private Path folder;

    private static ForgettingReport report() {
        return ForgettingReport.of(List.of("a", "b", "c"), ACCURACY).withBaseline(0.1, 0.2, 0.1);
    }

    @Test
    void averageAccuracy_isTheMeanOfTheLastRow() {
        // (0.5 + 0.9 + 0.6) / 3
        assertThat(report().averageAccuracy()).isCloseTo(2.0 / 3, within(ROUNDING));
    }

    @Test
    void learningAccuracy_isTheMeanOfTheDiagonal() {
        // (0.9 + 0.8 + 0.6) / 3
        assertThat(report().learningAccuracy()).isCloseTo(2.3 / 3, within(ROUNDING));
    }

    @Test
    void backwardTransfer_comparesTheLastRowWithTheDiagonal() {
        // ((0.5 - 0.9) + (0.9 - 0.8)) / 2
        assertThat(report().backwardTransfer()).isCloseTo(-0.15, within(ROUNDING));
    }

    @Test
    void forwardTransfer_comparesTheRowBeforeLearningWithTheBaseline() {
        // ((0.3 - 0.2) + (0.4 - 0.1)) / 2
        assertThat(report().forwardTransfer().orElseThrow()).isCloseTo(0.2, within(ROUNDING));
    }

    @Test
    void forwardTransfer_withoutBaseline_isEmpty() {
        assertThat(ForgettingReport.of(List.of("a", "b", "c"), ACCURACY).forwardTransfer())
                .isEmpty();
    }

    @Test
    void forgetting_comparesWithTheBestTimeBeforeTheLastTask() {
        ForgettingReport report = report();

        // max(0.9, 0.7) - 0.5; max(0.3, 0.8) - 0.9; nothing came after c.
        assertThat(report.forgetting(0)).isCloseTo(0.4, within(ROUNDING));
        assertThat(report.forgetting(1)).isCloseTo(-0.1, within(ROUNDING));
        assertThat(report.forgetting(2)).isZero();
        assertThat(report.averageForgetting()).isCloseTo(0.15, within(ROUNDING));
    }

    @Test
    void json_readAgain_givesAnEqualReport() throws IOException {
        ForgettingReport report = report();
        Path file = folder.resolve("report.json");

        report.save(file);

        assertThat(ForgettingReport.load(file)).isEqualTo(report).hasSameHashCodeAs(report);
        assertThat(ForgettingReport.fromJson(report.toJson())).isEqualTo(report);
        assertThat(ForgettingReport.load(file)).isNotEqualTo(ForgettingReport.of(List.of("a", "b", "c"), ACCURACY));
    }

    @Test
    void json_hasTheNumbersAndWhatFollowsFromThem() {
        String json = ForgettingReport.of(List.of("a", "b"), new double[][] {{1, 0.5}, {0.25, 0.75}})
                .withBaseline(0, 0.25)
                .toJson();

        assertThat(json.replaceAll("\\s", ""))
                .isEqualTo("{\"tasks\":[\"a\",\"b\"],\"baseline\":[0.0,0.25],\"accuracy\":[[1.0,0.5],[0.25,0.75]],"
                        + "\"derived\":{\"averageAccuracy\":0.5,\"learningAccuracy\":0.875,\"backwardTransfer\":-0.75,"
                        + "\"forwardTransfer\":0.25,\"averageForgetting\":0.75,\"forgetting\":{\"a\":0.75}}}");
    }

    @Test
    void of_withManyMistakes_listsThemAll() {
        double[][] accuracy = {{0.5, Double.NaN}, {0.5}, {1.5, 0, 0}};

        assertThatThrownBy(() -> ForgettingReport.of(List.of("a", "a", " "), accuracy))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ForgettingReport: 5 problems")
                .hasMessageContaining("the name \"a\" is given twice")
                .hasMessageContaining("a task is called \" \"")
                .hasMessageContaining("accuracy[0] has 2 numbers, expected one for each of the 3 tasks")
                .hasMessageContaining("accuracy[1] has 1 numbers")
                .hasMessageContaining("accuracy[2][0] = 1.5, expected a number from 0 to 1");
    }

    @Test
    void of_withNaN_saysWhere() {
        assertThatThrownBy(() -> ForgettingReport.of(List.of("a", "b"), new double[][] {{0, 1}, {Double.NaN, 1}}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("accuracy[1][0] = NaN");
    }

    @Test
    void of_oneTask_isRefused() {
        assertThatThrownBy(() -> ForgettingReport.of(List.of("a"), new double[][] {{1}}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("number of tasks = 1, expected 2 or more");
    }

    @Test
    void withBaseline_ofAnotherLength_isRefused() {
        ForgettingReport report = report();

        assertThatThrownBy(() -> report.withBaseline(0.5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("baseline has 1 numbers");
    }

    @Test
    void numbers_changedByTheCaller_doNotReachTheReport() {
        double[][] accuracy = {{0.5, 0.5}, {0.5, 0.5}};
        ForgettingReport report = ForgettingReport.of(List.of("a", "b"), accuracy);

        accuracy[0][0] = 7;

        assertThat(report.accuracy(0, 0)).isEqualTo(0.5);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"tasks\":[\"a\",\"b\"],\"accuracy\":[[1,1],[1]]} | accuracy[1] has 1 numbers",
                "{\"tasks\":[\"a\",\"b\"],\"accuracy\":[[1,1],[1,\"x\"]]} | accuracy holds x, expected a number",
                "{\"tasks\":[\"a\",\"b\"],\"accuracy\":7} | accuracy is 7, expected a list",
                "{\"tasks\":[\"a\",\"a\"],\"accuracy\":[[1,1],[1,1]]} | the name \"a\" is given twice",
                "{\"tasks\":[\"a\",null],\"accuracy\":[[1,1],[1,1]]} | tasks holds null",
                "{\"tasks\":[\"a\",\"b\"],\"accuracy\":[[1,1],[1,1e999]]} | accuracy[1][1] = Infinity",
                "{\"tasks\":[\"a\",\"b\"],\"accuracy\":[[1,1],[1,1]],\"baselin\":[]} | unknown field \"baselin\"",
                "{\"accuracy\":[[1,1],[1,1]]} | tasks is null",
                "{\"tasks\":[\"a\"],\"tasks\":[]} | not valid JSON",
                "{} {} | not valid JSON",
                "[] | expected one JSON object",
                "{\"tasks | not valid JSON"
            })
    void load_ofADamagedFile_saysWhatIsWrong(String text, String message) throws IOException {
        Path file = folder.resolve("report.json");
        Files.writeString(file, text);

        assertThatThrownBy(() -> ForgettingReport.load(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }
}
