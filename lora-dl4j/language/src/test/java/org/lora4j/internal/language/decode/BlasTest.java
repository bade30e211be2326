/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.array.Backend;
import org.lora4j.internal.array.Region;

/** Sizes that do not fit the memory never reach native code. */
class BlasTest {

    /** A row, some rows and many go three ways. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 80})
    void product_beyondAnyOfItsMatrices_isRefused(int rows) {
        Backend.require();
        Blas blas = new Blas();
        try (FloatPointer x = new FloatPointer((long) rows * 3);
                FloatPointer w = new FloatPointer(2L * 3);
                FloatPointer y = new FloatPointer((long) rows * 2)) {
            for (long i = 0; i < x.capacity(); i++) {
                x.put(i, 1 + i % 3);
            }
            w.put(new float[] {1, 0, 2, 0, 1, 0}, 0, 6);
            blas.byRows(Region.of(x), 3, rows, Region.of(w), 3, 2, 3, 1, 0, Region.of(y), 2);
            float[] found = new float[2 * rows];
            y.get(found, 0, found.length);
            // 1 x 1 + 3 x 2, and 2.
            assertThat(found).startsWith(7, 2).endsWith(7, 2);

            assertRefused(() -> blas.byRows(Region.of(x), 3, rows + 1, Region.of(w), 3, 2, 3, 1, 0, Region.of(y), 2));
            assertRefused(() -> blas.byRows(Region.of(x), 3, rows, Region.of(w), 3, 3, 3, 1, 0, Region.of(y), 3));
            assertRefused(
                    () -> blas.byRows(Region.of(x), 3, rows, Region.of(w).from(4), 3, 2, 3, 1, 0, Region.of(y), 2));
            assertRefused(() -> blas.byRows(
                    Region.of(x),
                    3,
                    rows,
                    Region.of(w),
                    3,
                    2,
                    3,
                    1,
                    0,
                    Region.of(y).from(4),
                    2));
            assertRefused(() -> blas.byColumns(Region.of(x), 3, rows, Region.of(w), 2, 3, 3, 0, Region.of(y), 3));
            assertRefused(() -> blas.dot(Region.of(x), Region.of(w), 7));
            assertRefused(() -> blas.dot(Region.of(x), Region.of(w), -1));
        }
    }

    private static void assertRefused(Runnable product) {
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(product::run)
                .withMessageStartingWith("memory: ");
    }
}
