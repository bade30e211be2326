/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ThresholdTest {

    private final Threshold threshold = new Threshold();

    @Test
    void find_ofNumbersOfBothSigns_takesTheLargest() {
        threshold.find(new double[] {-1, 3, -0.5, 0, 2.5, -7}, null, 6, 4);

        assertThat(threshold.least()).isEqualTo(-0.5);
        assertThat(threshold.ties()).isEqualTo(1);
    }

    @Test
    void find_ofEqualNumbers_countsThoseThatAreTaken() {
        threshold.find(new double[] {1, 2, 1, 1, 0}, null, 5, 3);

        assertThat(threshold.least()).isEqualTo(1);
        assertThat(threshold.ties()).isEqualTo(2);
    }

    @Test
    void find_ofBothZeros_takesThemAsEqual() {
        threshold.find(new double[] {-0.0, 0.0, -0.0, 1}, null, 4, 3);

        assertThat(threshold.least()).isZero();
        assertThat(threshold.ties()).isEqualTo(2);
    }

    @Test
    void find_ofMasses_stopsWhereTheyReachWhatIsWanted() {
        // 4 + 1 = 5 is less than 6, 4 + 1 + 3 is not.
        threshold.find(new double[] {10, 30, 20, 5}, new double[] {3, 4, 1, 2}, 4, 6);

        assertThat(threshold.least()).isEqualTo(10);
    }

    @Test
    void find_ofMoreThanThereIs_takesAll() {
        threshold.find(new double[] {5, 7, 6}, new double[] {1, 1, 1}, 3, 3.5);

        assertThat(threshold.least()).isEqualTo(5);
        assertThat(threshold.ties()).isEqualTo(1);
    }

    @Test
    void find_ofNothing_takesTheLargest() {
        threshold.find(new double[] {5, 7, 6}, new double[] {1, 1, 1}, 3, 0);

        assertThat(threshold.least()).isEqualTo(7);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void find_ofRandomNumbers_agreesWithSorting(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int size = 1 + random.nextInt(3000);
        // From numbers that differ in the last bits to numbers of all magnitudes; some of them equal.
        double spread = Math.pow(10, random.nextInt(-14, 6));
        double[] keys = IntStream.range(0, size)
                .mapToDouble(i -> random.nextInt(9) == 0 ? 1 : 1 + random.nextGaussian() * spread)
                .toArray();
        double[] sorted = keys.clone();
        Arrays.sort(sorted);

        for (int count : new int[] {1, size / 3 + 1, size}) {
            threshold.find(keys, null, size, count);

            double expected = sorted[size - count];
            assertThat(threshold.least()).as("seed %d", seed).isEqualTo(expected);
            long larger = Arrays.stream(keys).filter(key -> key > expected).count();
            assertThat(threshold.ties()).as("seed %d", seed).isEqualTo((int) (count - larger));
        }
    }
}
