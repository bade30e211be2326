/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import org.lora4j.internal.array.Region;

/** Products of rows in F32, some at a time, so that few products have to be compiled. */
final class BlockedProducts {

    private static final int MOST_ROWS = 256;
    /** More are computed in multiples of this; what is left by itself. */
    private static final int MANY_ROWS = 64;

    private BlockedProducts() {}

    /** Multiplies some rows, and writes outputs. */
    interface Product {
        /**
         * Multiplies.
         *
         * @param x memory of the rows
         * @param rows how many
         * @param into memory of their outputs
         */
        void multiply(Region x, int rows, Region into, int step);
    }

    /** Rows that are multiplied at a time, where so many are left. */
    private static int some(int rows) {
        return rows < MANY_ROWS ? rows : Math.min(MOST_ROWS, rows / MANY_ROWS * MANY_ROWS);
    }

    /** Rows that are computed for so many; those beyond hold anything. */
    private static int computed(int rows, int least) {
        return Math.max(least, RowDigits.computed(rows));
    }

    /** Floats that are needed for so many rows and outputs. */
    static long work(int rows, int least, int outputs) {
        return (long) computed(Math.min(rows, MANY_ROWS), least) * outputs;
    }

    /**
     * Multiplies rows.
     *
     * @param staging where rows and outputs are
     * @param from the first row
     * @param least rows to compute at a time, at least
     * @param work index of the first float of the memory of space that may be used
     */
    static void multiply(
            Staging staging,
            int from,
            int rows,
            int least,
            int first,
            int count,
            int step,
            int work,
            Workspace space,
            Product product) {
        int now;
        for (int done = 0; done < rows; done += now) {
            now = some(rows - done);
            int computed = computed(now, least);
            Region x = staging.input(from + done);
            if (computed == now) {
                product.multiply(x, computed, staging.output(from + done, first), step);
                continue;
            }
            // Rows beyond are others' or hold anything, so their outputs must not come among those of others.
            Region into = space.memory
                    .atLeast(work + (long) computed * count)
                    .region()
                    .from(Blas.bytes(work, 1));
            product.multiply(x, computed, into, count);
            float[] y = space.floats(0, count);
            for (int row = 0; row < now; row++) {
                space.memory.floats().get(work + row * count, y, 0, count);
                staging.write(from + done + row, first, y, count);
            }
        }
    }
}
