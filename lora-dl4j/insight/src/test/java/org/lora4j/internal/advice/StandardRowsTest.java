/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StandardRowsTest {

    /** Means 3 and 0.1, deviations 2 and none. */
    @Test
    void features_getMean0AndDeviation1_andThoseThatNeverChangeBecome0() {
        float[][] rows = {{1, 0.1f}, {5, 0.1f}, {1, 0.1f}, {5, 0.1f}};
        StandardRows units = new StandardRows(rows);

        assertThat(units.changing()).isEqualTo(1);
        assertThat(units.of(rows)).isDeepEqualTo(new float[][] {{-1, 0}, {1, 0}, {-1, 0}, {1, 0}});
        assertThat(units.of(new float[][] {{7, 9}})).isDeepEqualTo(new float[][] {{2, 0}});
    }
}
