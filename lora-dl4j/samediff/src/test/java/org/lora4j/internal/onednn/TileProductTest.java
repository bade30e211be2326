/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.ShortPointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.internal.array.Region;
import org.lora4j.quant.Tiled;

class TileProductTest {

    private static final int OUTPUTS = 128;
    private static final short ONE_BF16 = 0x3F80;
    private static final short TWO_BF16 = 0x4000;
    private static final short ONE_F16 = 0x3C00;
    private static final short TWO_F16 = 0x4000;

    @BeforeEach
    void needKernels() {
        assumeTrue(NarrowType.BF16.isFast(), "oneDNN cannot be loaded here, or the processor has no AVX2");
    }

    /** The product of ones with a matrix of ones whose last inputs are twos. */
    private static float[] product(NarrowType type, int rows, int inputs, int twos) {
        short one = type == NarrowType.BF16 ? ONE_BF16 : ONE_F16;
        short two = type == NarrowType.BF16 ? TWO_BF16 : TWO_F16;
        short[] tiles = new short[inputs * OUTPUTS];
        for (int block = 0; block < OUTPUTS / 64; block++) {
            int from = block * inputs * 64;
            Arrays.fill(tiles, from, from + (inputs - twos) * 64, one);
            Arrays.fill(tiles, from + (inputs - twos) * 64, from + inputs * 64, two);
        }
        float[] ones = new float[rows * inputs];
        Arrays.fill(ones, 1);
        float[] found = new float[rows * OUTPUTS];
        try (TileProduct product = new TileProduct(type, rows, inputs, inputs);
                FloatPointer x = new FloatPointer(ones);
                ShortPointer w = new ShortPointer(tiles);
                FloatPointer z = new FloatPointer(found)) {
            product.multiply(Region.of(x), Region.of(w), OUTPUTS, Region.of(z), OUTPUTS, false);
            product.multiply(Region.of(x), Region.of(w), OUTPUTS, Region.of(z), OUTPUTS, true);
            z.get(found);
        }
        return found;
    }

    @ParameterizedTest
    @CsvSource({"BF16, 1", "BF16, 4", "BF16, 12", "BF16, 64", "F16, 4", "F16, 32"})
    void multiply_ofUpTo512Inputs_readsEachWhereItIs(NarrowType type, int rows) {
        assertThat(Tiled.MOST_COLUMNS).isEqualTo(TileProduct.MOST_INPUTS);
        for (int inputs : new int[] {16, 208, 256, 448, TileProduct.MOST_INPUTS}) {
            assertThat(product(type, rows, inputs, 10)).containsOnly(2 * (inputs + 10));
        }
    }

    /** If this fails, oneDNN has mended what {@link TileProduct} tells of, and matrices need not be parted any more. */
    @Test
    void multiply_ofMoreInputs_isWrongInOneDnn() {
        assumeTrue(NarrowType.BF16.leastRows() > 1, "with 256 bits it is right");
        assertThat(product(NarrowType.BF16, 4, 1024, 10)[0]).isNotEqualTo(2 * 1034);
    }
}
