/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.integration.digits.DigitsReport.Checks;
import org.lora4j.integration.digits.DigitsReport.Row;

/** The whole demonstration on digits of half the size, with a base that is trained here. */
class DigitsRunTest {

    private static final long SEED = 42;

    /** 971 of the base's 6,480 parameters with the biases. */
    private static final int[] RANKS = {9, 3, 2, 2};

    @TempDir
    private static Path folder;

    private static DigitsReport report;

    @BeforeAll
    static void runOnce() throws IOException {
        DigitSheet sheet = DigitSheet.load().halved();
        DigitSheet training = sheet.part(0, 300);
        DigitSet upright = DigitSet.of(training, Look.UPRIGHT);
        Recipe recipe = new Recipe(6, 64, 1e-2, 0);
        MultiLayerNetwork base = DigitCnn.HALF.create(recipe.rate(), recipe.updates(upright), SEED);
        recipe.train(base, upright, SEED, line -> {});
        DigitsRun run = new DigitsRun(DigitCnn.HALF, base, training, sheet.part(700, 800), folder, SEED, line -> {});
        report = run.run(recipe, Recipe.config(RANKS));
    }

    private static double accuracy(int row, Look look) {
        return report.rows().get(row).accuracy().get(look.word());
    }

    @Test
    void base_knowsUprightDigits_andNoOthers() {
        assertThat(accuracy(0, Look.UPRIGHT)).isGreaterThan(0.88);
        assertThat(accuracy(0, Look.INVERTED)).isLessThan(0.5);
        assertThat(accuracy(0, Look.ROTATED)).isLessThan(0.5);
    }

    @Test
    void adapter_tellsTheDigitsItWasTrainedOn() {
        assertThat(accuracy(1, Look.INVERTED)).isGreaterThan(0.75);
        assertThat(accuracy(2, Look.ROTATED)).isGreaterThan(0.75);
    }

    @Test
    void adapter_trainsLessThan15PercentOfTheBase() {
        assertThat(report.rows().get(0).parameters()).isEqualTo(6480);
        assertThat(report.rows().subList(1, 3)).extracting(Row::parameters).containsExactly(971L, 971L);
    }

    @Test
    void adapterOff_givesTheBaseBitForBit() {
        assertThat(report.checks()).extracting(Checks::offEqualsBase).containsExactly(true, true);
        assertThat(report.baseUntouched()).isTrue();
    }

    @Test
    void adapter_savedAndLoaded_givesTheSameBits() {
        assertThat(report.checks()).extracting(Checks::loadedEqualsTrained).containsExactly(true, true);
    }

    @Test
    void adapter_merged_tellsTheSameDigits() {
        assertThat(report.checks()).extracting(Checks::mergeDifference).allMatch(difference -> difference < 1e-4);
        assertThat(report.checks())
                .extracting(Checks::mergedAccuracy)
                .containsExactly(accuracy(1, Look.INVERTED), accuracy(2, Look.ROTATED));
    }

    @Test
    void adapters_switchedOnOneBase_areEachAsAlone() {
        assertThat(report.switched()).isTrue();
    }

    @Test
    void adapter_isSmallerOnDiskThanTheBase() throws IOException {
        assertThat(report.rows().get(1).bytes()).isLessThan(report.rows().get(0).bytes());
        assertThat(ModelSerializer.restoreMultiLayerNetwork(
                                folder.resolve("base.zip").toFile())
                        .numParams())
                .isEqualTo(6480);
    }

    @Test
    void report_isWrittenAsJson() throws IOException {
        Path file = folder.resolve("report.json");

        report.write(file);

        JsonNode json = new ObjectMapper().readTree(file.toFile());
        assertThat(json.at("/rows/1/accuracy/inverted").doubleValue()).isEqualTo(accuracy(1, Look.INVERTED));
        assertThat(json.at("/checks/0/offEqualsBase").booleanValue()).isTrue();
        assertThat(json.at("/versions/deeplearning4j-nn").textValue()).isEqualTo("1.0.0-M2.1");
    }

    @Test
    void text_saysWhatDoesNotHold() {
        Checks wrong = new Checks("inverted", false, false, 0.5, 0.25);

        String text = new DigitsReport(report.rows(), List.of(wrong), false, false, SEED).text();

        assertThat(text.lines())
                .contains(
                        "inverted: off DIFFERS FROM THE BASE, loaded DIFFERS FROM TRAINED, merged 25.00 % (largest"
                                + " difference of a probability 5.0e-01)",
                        "two adapters on one base, switched: NOT as alone", "the base's parameters: CHANGED");
    }
}
