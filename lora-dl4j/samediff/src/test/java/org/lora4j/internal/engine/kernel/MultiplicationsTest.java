/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of 2 x 3 by 3 x 5, and batches of them, in the shapes in which graphs have them. */
class MultiplicationsTest {

    @ParameterizedTest
    @CsvSource({
        // A matrix, transposed or not.
        "2 3, 3 5, 2 5, 30",
        "3 2, 5 3, 2 5, 30",
        // The gradient of a factor, transposed.
        "2 3, 2 5, 5 3, 30",
        // Batches.
        "7 2 3, 7 3 5, 7 2 5, 210",
        "4 7 2 3, 4 7 3 5, 4 7 2 5, 840",
        // Queries and keys as rows of tokens, 4 texts of 6 tokens and 3 heads of 2: 12 products of 6 x 2 by 2 x 6.
        "24 6, 24 6, 4 3 6 6, 864",
        // What they attend to, with the heads still apart.
        "4 3 6 6, 24 6, 4 6 3 2, 864"
    })
    void product_inWhateverShape_isCountedOnce(String x, String w, String z, long expected) {
        assertThat(Multiplications.product(shape(x), shape(w), shape(z))).isEqualTo(expected);
    }

    private static long[] shape(String sizes) {
        return Arrays.stream(sizes.trim().split(" ")).mapToLong(Long::parseLong).toArray();
    }
}
