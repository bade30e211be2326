/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.Arrays;
import java.util.Optional;

/**
 * How a processor multiplies rows of bytes without a sign with weights of signed bytes, and how the weights lie for it: the
 * ways of {@link ByteProduct}, the best one first. In all of them 4 neighboring inputs of so many outputs are a tile.
 *
 * <p>Without dot products of bytes, two products are added in 16 bits, which hold them only if rows are of 7 bits.
 *
 * @apiNote Status: internal
 */
public enum ByteTiles {
    /** Four products are added in 32 bits: VNNI with 512 or 256 bits, AMX. */
    DOT_PRODUCTS(64, 256, 16),
    /** AVX-512 without VNNI. */
    PAIRS_OF_512_BITS(64, 128, 8),
    /** AVX2. */
    PAIRS_OF_256_BITS(8, 128, 8),
    /** SSE 4.1. */
    PAIRS_OF_128_BITS(4, 128, 16);

    private final int outputs;
    private final int numbers;
    private final int mostRows;

    ByteTiles(int outputs, int numbers, int mostRows) {
        this.outputs = outputs;
        this.numbers = numbers;
        this.mostRows = mostRows;
    }

    /** Loaded when it is asked for first. */
    private static final class OfProcessor {
        private static final Optional<ByteTiles> WAY = DnnlAvailability.isThere()
                ? Arrays.stream(values()).filter(ByteProduct::isFast).findFirst()
                : Optional.empty();
    }

    /**
     * The way of this processor. Without the library no class of it is touched.
     *
     * @return empty without the library, or if it has nothing but slow kernels
     */
    public static Optional<ByteTiles> ofProcessor() {
        return OfProcessor.WAY;
    }

    /**
     * Outputs of a tile.
     *
     * @return 64, 8 or 4
     */
    public int outputs() {
        return outputs;
    }

    /**
     * How many numbers a byte of a row can be.
     *
     * @return 256, from 0 to 255, or 128
     */
    public int numbers() {
        return numbers;
    }

    /** Beyond so many rows, which are four rows of bytes each, products in F32 are faster. */
    public int mostRows() {
        return mostRows;
    }
}
