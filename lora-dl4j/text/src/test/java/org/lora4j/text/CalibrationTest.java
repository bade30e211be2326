/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Temperatures against calculations by hand. */
class CalibrationTest {

    private static Prediction saying(double ofYes) {
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put(ofYes >= 0.5 ? "yes" : "no", Math.max(ofYes, 1 - ofYes));
        scores.put(ofYes >= 0.5 ? "no" : "yes", Math.min(ofYes, 1 - ofYes));
        return new Prediction(List.of(ofYes >= 0.5 ? "yes" : "no"), scores);
    }

    private static List<Prediction> tenTimes(double ofYes) {
        List<Prediction> all = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            all.add(saying(ofYes));
        }
        return all;
    }

    private static List<String> right(int ofTen) {
        List<String> truth = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            truth.add(i < ofTen ? "yes" : "no");
        }
        return truth;
    }

    @Test
    void tooSure_isMadeAsSureAsItIsOftenRight() {
        // Always 0.8, right in 6 of 10: odds of 4 become odds of 1.5, so T = ln 4 / ln 1.5.
        Calibration found = Calibration.of(right(6), tenTimes(0.8));

        assertThat(found.temperature()).isEqualTo(Math.log(4) / Math.log(1.5), within(1e-9));
        assertThat(found.apply(saying(0.8)).score()).isEqualTo(0.6, within(1e-9));
        // Odds of 9 become 9^(1/T) = e^(ln 9 ln 1.5 / ln 4).
        double odds = Math.exp(Math.log(9) * Math.log(1.5) / Math.log(4));
        assertThat(found.apply(saying(0.1)).score()).isEqualTo(odds / (1 + odds), within(1e-9));
        assertThat(found.apply(saying(0.1)).label()).isEqualTo("no");
    }

    @Test
    void notSureEnough_isMadeSurer() {
        // Always 0.6, right in 9 of 10: odds of 1.5 become odds of 9.
        assertThat(Calibration.of(right(9), tenTimes(0.6)).temperature())
                .isEqualTo(Math.log(1.5) / Math.log(9), within(1e-9));
    }

    @Test
    void whatIsRightAsOftenAsItSays_staysAsItIs() {
        Calibration found = Calibration.of(right(8), tenTimes(0.8));

        assertThat(found.temperature()).isEqualTo(1, within(1e-9));
        assertThat(found.apply(tenTimes(0.7)))
                .allSatisfy(p -> assertThat(p.score()).isEqualTo(0.7, within(1e-9)));
    }

    @Test
    void allRightOrAllWrong_endsAtTheLimits() {
        assertThat(Calibration.of(right(10), tenTimes(0.9)).temperature()).isEqualTo(Calibration.LOWEST, within(1e-9));
        assertThat(Calibration.of(right(0), tenTimes(0.9)).temperature()).isEqualTo(Calibration.HIGHEST, within(1e-9));
    }

    @Test
    void aProbabilityOfZero_isNoTrouble() {
        List<Prediction> predictions = List.of(saying(1), saying(1), saying(1), saying(0.9));

        Calibration found = Calibration.of(List.of("yes", "no", "yes", "yes"), predictions);

        assertThat(found.temperature()).isEqualTo(Calibration.HIGHEST, within(1e-9));
        assertThat(found.apply(saying(1)).scores().get("no")).isGreaterThan(0);
    }

    @Test
    void whatCannotBeCalibrated_isRefusedWithEveryProblem() {
        Prediction several = new Prediction(List.of("yes"), Map.of("yes", 0.9, "no", 0.8));

        assertThatThrownBy(() -> Calibration.of(List.of("maybe", "yes"), List.of(saying(0.8), several)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("example 0 has the label \"maybe\"")
                .hasMessageContaining("example 1 has probabilities that add up to 1.7");
        assertThatThrownBy(() -> Calibration.of(List.of("yes"), List.of()))
                .hasMessageContaining("1 labels and 0 predictions");
        assertThatThrownBy(() -> new Calibration(1).apply(several)).hasMessageContaining("add up to 1.7");
        assertThatThrownBy(() -> new Calibration(0)).hasMessageContaining("temperature = 0.0, expected 0.1 to 10");
    }
}
