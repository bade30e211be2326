/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowLoopsTest {

    private static final int ROW = 3;

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 9, 16, 30})
    void max_findsTheLargestValue_whereverInTheRowItIs(int width) {
        for (int place = 0; place < width; place++) {
            float[] x = row(width);
            x[ROW + place] = -1;

            assertThat(RowLoops.max(x, ROW, width)).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 9, 16, 30})
    void max_isNoNumber_whereverOneIsNone(int width) {
        for (int place = 0; place < width; place++) {
            float[] x = row(width);
            x[ROW + place] = Float.NaN;

            assertThat(RowLoops.max(x, ROW, width)).isNaN();
        }
    }

    // What is beside the row is larger than all in it.
    private static float[] row(int width) {
        float[] x = new float[width + 2 * ROW];
        Arrays.fill(x, 5);
        Arrays.fill(x, ROW, ROW + width, -2);
        return x;
    }
}
