/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.array.InnerProducts;
import org.lora4j.train.Progress;

class NearestRowsTest {

    private static final float ROUNDING = 1e-5f;

    /** Cosines to (1, 0): 1, 0.6, 0, -1. */
    @Test
    void neighbors_comeByTheirCosine_withoutTheRowItself() {
        float[][] rows = {{1, 0}, {0, 2}, {3, 4}, {-5, 0}, {10, 0}};

        NearestRows nearest = NearestRows.within(rows, 3);

        assertThat(nearest.rows()[0]).containsExactly(4, 2, 1);
        assertThat(nearest.cosines()[0][0]).isCloseTo(1, within(ROUNDING));
        assertThat(nearest.cosines()[0][1]).isCloseTo(0.6f, within(ROUNDING));
        assertThat(nearest.cosines()[0][2]).isCloseTo(0, within(ROUNDING));
    }

    @Test
    void moreNeighborsThanRows_givesThoseThatAreThere() {
        assertThat(NearestRows.within(new float[][] {{1, 0}, {0, 1}}, 10).rows())
                .isEqualTo(new int[][] {{1}, {0}});
        assertThat(NearestRows.among(new float[][] {{1, 0}}, new float[][] {{2, 0}}, 10)
                        .rows())
                .isEqualTo(new int[][] {{0}});
    }

    @Test
    void rowOfZeros_isNearNothing() {
        NearestRows nearest = NearestRows.within(new float[][] {{0, 0}, {1, 0}}, 1);

        assertThat(nearest.cosines()[0][0]).isZero();
        assertThat(InnerProducts.cosine(new float[] {0, 0}, new float[] {1, 0})).isZero();
    }

    @Test
    void pairs_areCountedAsTheyAreCompared() {
        Random random = new Random(3);
        long[] seconds = {0};
        List<String> lines = new ArrayList<>();
        Progress progress = Progress.of("likeness", lines::add, () -> (seconds[0] += 3) * 1_000_000_000L);

        NearestRows.among(
                rows(600, random), rows(4_200, random), 2, progress.stage("leakage", "pairs of rows", 600 * 4_200));

        assertThat(lines).first(STRING).startsWith("likeness: leakage, 2097152 of 2520000 pairs of rows, ");
    }

    /** More rows than a tile has, both ways. */
    @Test
    void tiles_giveWhatAllPairsGive() {
        Random random = new Random(3);
        float[][] rows = rows(600, random);
        float[][] others = rows(4_200, random);

        NearestRows nearest = NearestRows.among(rows, others, 2);

        for (int i : new int[] {0, 511, 512, 599}) {
            float[] row = rows[i];
            int best = IntStream.range(0, others.length)
                    .boxed()
                    .max((a, b) ->
                            Double.compare(InnerProducts.cosine(row, others[a]), InnerProducts.cosine(row, others[b])))
                    .orElseThrow();
            assertThat(nearest.cosines()[i][0])
                    .isCloseTo((float) InnerProducts.cosine(row, others[best]), within(ROUNDING));
            assertThat(nearest.cosines()[i][1]).isLessThanOrEqualTo(nearest.cosines()[i][0]);
            assertThat((float) InnerProducts.cosine(row, others[nearest.rows()[i][1]]))
                    .isCloseTo(nearest.cosines()[i][1], within(ROUNDING));
        }
    }

    private static float[][] rows(int count, Random random) {
        float[][] rows = new float[count][6];
        for (float[] row : rows) {
            for (int j = 0; j < row.length; j++) {
                row[j] = (float) random.nextGaussian();
            }
        }
        return rows;
    }
}
