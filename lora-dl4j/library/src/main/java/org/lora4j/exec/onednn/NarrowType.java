/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

/**
 * Types of numbers of which few rows are multiplied: of fewer bits, where a processor has instructions for them ({@link
 * TileProduct}), and F32, where its registers hold as many numbers as there are columns ({@link FewRows}).
 *
 * @apiNote Status: internal
 */
public enum NarrowType {
    /** BF16, summed in F32, in which its products are exact. */
    BF16("bf16"),
    /** Signed bytes, summed in whole numbers of 32 bits. */
    INT8("vnni"),
    /** As they are. */
    F32("avx512");

    private final String instructions;
    private volatile Boolean fast;

    NarrowType(String instructions) {
        this.instructions = instructions;
    }

    /**
     * Whether the library is there, and this processor has the instructions. Without the library no class of it is touched.
     *
     * @return false where products of this type would be slow or cannot be
     */
    public boolean isFast() {
        if (fast == null) {
            fast = OneDnn.isAvailable() && isFast(this == F32 ? FewRows.kernel() : TileProduct.kernel(this));
        }
        return fast;
    }

    private boolean isFast(String kernel) {
        return kernel.contains(instructions) || kernel.contains("amx");
    }
}
