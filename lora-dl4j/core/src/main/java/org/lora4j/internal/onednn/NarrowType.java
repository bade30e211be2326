/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

/**
 * Types of weights that rows in F32 are multiplied with as they lie, where a processor has the instructions: of fewer bits in
 * {@link TileProduct} and {@link RowProduct}, and F32 in {@link FrozenThinProduct}. Bytes times bytes are {@link ByteTiles}.
 *
 * @apiNote Status: internal
 */
public enum NarrowType {
    /** Become F32 in registers or in the cache. */
    BF16,
    /** As BF16. */
    F16,
    /** As BF16, and each output is multiplied by a scale. */
    INT8,
    /** As they are. */
    F32;

    /** Bytes of a value. */
    int bytes() {
        return switch (this) {
            case BF16, F16 -> Short.BYTES;
            case INT8 -> Byte.BYTES;
            case F32 -> Float.BYTES;
        };
    }

    private static final String WIDE = "512";
    /** With 512 bits, oneDNN takes longer for fewer rows. */
    private static final int LEAST_ROWS_OF_WIDE = 4;

    /** For more rows, weights that become F32 in registers take longer than those that do so in the cache, once for all rows. */
    private static final int MOST_ROWS_OF_WIDE = 64;

    private static final int MOST_ROWS = 32;

    private volatile String kernel;

    /** Of tiles, where there are some; the name is empty without the library, and of no kernel if it refuses. */
    private String kernel() {
        if (kernel == null) {
            kernel = DnnlAvailability.isThere() ? ofLibrary() : "";
        }
        return kernel;
    }

    private String ofLibrary() {
        try {
            return switch (this) {
                case F32 -> FrozenThinProduct.kernel();
                case INT8 -> RowProduct.kernel(this);
                default -> TileProduct.kernel(this);
            };
        } catch (RuntimeException e) {
            // oneDNN has no such product here, and says so by an exception of no class of its own.
            return "";
        }
    }

    /**
     * Whether the library is there, and this processor has the instructions: AVX2 for fewer bits, AVX-512 for F32, whose
     * products OpenBLAS has without. Without the library no class of it is touched.
     *
     * @return false where products of this type would be slow or cannot be
     */
    public boolean isFast() {
        return FastKernels.contain(kernel()) && (this != F32 || kernel().contains(WIDE));
    }

    /** Beyond how many rows tiles are better multiplied by {@link RowProduct}. */
    public int mostRowsOfTiles() {
        return kernel().contains(WIDE) ? MOST_ROWS_OF_WIDE : MOST_ROWS;
    }

    /**
     * How many rows a product with tiles should have at least.
     *
     * @return 4 if fewer take longer, else 1
     */
    public int leastRows() {
        return kernel().contains(WIDE) ? LEAST_ROWS_OF_WIDE : 1;
    }
}
