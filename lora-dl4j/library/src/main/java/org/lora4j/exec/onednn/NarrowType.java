/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

/**
 * Types of weights that rows are multiplied with as they lie, where a processor has the instructions: of fewer bits in {@link
 * TileProduct}, and F32 in {@link FewRows}.
 *
 * @apiNote Status: internal
 */
public enum NarrowType {
    /** Become F32 in registers, and are multiplied with F32. */
    BF16("avx512"),
    /** As BF16. */
    F16("avx512"),
    /** Signed bytes, multiplied with bytes and summed in whole numbers of 32 bits. */
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
        return kernel.contains(instructions) || this == INT8 && kernel.contains("amx");
    }
}
