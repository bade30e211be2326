/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.digits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

class DigitSheetTest {

    /** 1 2 over 3 4, in tenths. */
    private final float[] square = {0.1f, 0.2f, 0.3f, 0.4f};

    private static double mean(float[] pixels) {
        double sum = 0;
        for (float pixel : pixels) {
            sum += pixel;
        }
        return sum / pixels.length;
    }

    private static float[] shown(Look look, float[] pixels) {
        return new float[] {
            look.brightness(pixels, 2, 0, 0),
            look.brightness(pixels, 2, 0, 1),
            look.brightness(pixels, 2, 1, 0),
            look.brightness(pixels, 2, 1, 1)
        };
    }

    @Test
    void load_holdsEightHundredOfEachDigit_asTheNpmPackageHasThem() throws IOException {
        DigitSheet sheet = DigitSheet.load();

        assertThat(sheet.images()).hasSize(8000);
        // Of src/digits/0.json and 3.json in mnist 1.1.0: mean of the first image's 784 numbers.
        assertThat(mean(sheet.images().get(0))).isCloseTo(0.1555, within(0.001));
        assertThat(mean(sheet.images().get(3))).isCloseTo(0.1794, within(0.001));
    }

    @Test
    void part_countsEachDigit() throws IOException {
        DigitSheet sheet = DigitSheet.load();

        DigitSheet part = sheet.part(2, 4);

        assertThat(part.images()).hasSize(20);
        assertThat(part.images().get(13)).isSameAs(sheet.images().get(33));
    }

    @Test
    void halved_takesTheMeanOfFourPixels() {
        DigitSheet sheet = new DigitSheet(2, List.of(square));

        assertThat(sheet.halved().side()).isEqualTo(1);
        assertThat(sheet.halved().images().get(0)).containsExactly(0.25f);
    }

    @Test
    void looks_areAsWritten_theOtherWayRound_andAQuarterTurnToTheLeft() {
        assertThat(shown(Look.UPRIGHT, square)).containsExactly(0.1f, 0.2f, 0.3f, 0.4f);
        assertThat(shown(Look.INVERTED, square)).containsExactly(0.9f, 0.8f, 0.7f, 0.6f);
        assertThat(shown(Look.ROTATED, square)).containsExactly(0.2f, 0.4f, 0.1f, 0.3f);
    }

    @Test
    void batches_holdEveryDigitOnce_withItsLabel() throws IOException {
        DigitSet set = DigitSet.of(DigitSheet.load().part(0, 3), Look.UPRIGHT);

        List<DataSet> batches = set.batches(20, 0, 1, 1);

        assertThat(batches).extracting(batch -> batch.numExamples()).containsExactly(20, 10);
        INDArray labels =
                batches.get(0).getLabels().sum(0).add(batches.get(1).getLabels().sum(0));
        assertThat(labels.toFloatVector()).containsOnly(3);
    }
}
