/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * Which row of a table stands for a relative position. From some distance on, all positions have the same row.
 *
 * <p><b>State.</b> Immutable. <b>Threads.</b> Any.
 *
 * @apiNote Status: internal
 */
public final class Buckets {

    /** MPNet's function ignores what its config says. */
    static final int MPNET_BUCKETS = 32;

    private static final int MPNET_FAR = 128;

    private final int[] rows;

    private Buckets(int far, IntUnaryOperator row) {
        rows = new int[2 * far + 1];
        Arrays.setAll(rows, i -> row.applyAsInt(i - far));
    }

    /**
     * T5's (Raffel et al. 2020, arXiv:1910.10683, in its code), over key minus query: half of the rows for each direction; of
     * each half, one for each near distance, the others ever wider.
     *
     * @param buckets 4 or more
     * @param far the distance from which on all are alike
     */
    public static Buckets t5(int buckets, int far) {
        int half = buckets / 2;
        int exact = half / 2;
        return new Buckets(far, relative -> {
            int distance = Math.abs(relative);
            // As in Python: divided before the logarithm, or whole numbers round to other rows.
            int bucket = distance < exact
                    ? distance
                    : Math.min(
                            half - 1,
                            exact
                                    + (int) (Math.log((double) distance / exact)
                                            / Math.log((double) far / exact)
                                            * (half - exact)));
            return (relative > 0 ? half : 0) + bucket;
        });
    }

    /** MPNet's. */
    public static Buckets mpnet() {
        return t5(MPNET_BUCKETS, MPNET_FAR);
    }

    /**
     * DeBERTa's (He et al. 2021, arXiv:2006.03654, and the code of its third version), over query minus key.
     *
     * @param buckets a row for each near distance and each wider step; 0 for a row for each distance
     * @param most {@code max_relative_positions}
     * @param far the farthest distance that occurs
     */
    public static Buckets deberta(int buckets, int most, int far) {
        if (buckets <= 0) {
            return distances(far, most, 2 * most - 1);
        }
        int middle = buckets / 2;
        return new Buckets(far, relative -> {
            int distance = Math.abs(relative);
            int bucket = distance <= middle
                    ? distance
                    : (int) Math.ceil(Math.log((double) distance / middle)
                                    / Math.log((most - 1.0) / middle)
                                    * (middle - 1))
                            + middle;
            return Math.max(0, Math.min(2 * buckets - 1, Integer.signum(relative) * bucket + buckets));
        });
    }

    /**
     * A row for each distance.
     *
     * @param far the farthest distance
     * @param middle the row of distance 0
     * @param last the last row
     */
    public static Buckets distances(int far, int middle, int last) {
        return new Buckets(far, relative -> Math.max(0, Math.min(last, relative + middle)));
    }

    /** The distance from which on all are alike. */
    public int far() {
        return rows.length / 2;
    }

    /**
     * The rows of the relative positions from {@code -far()} to {@code far()}.
     *
     * @return a copy
     */
    public int[] rows() {
        return rows.clone();
    }

    /** The row of one relative position. */
    public int row(int relative) {
        return rows[Math.max(-far(), Math.min(far(), relative)) + far()];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Buckets buckets && Arrays.equals(rows, buckets.rows);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(rows);
    }

    @Override
    public String toString() {
        return "rows for " + rows.length + " distances";
    }
}
