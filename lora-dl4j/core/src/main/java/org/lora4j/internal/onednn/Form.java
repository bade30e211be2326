/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import org.bytedeco.dnnl.memory;

/**
 * How the elements of a matrix are stored.
 *
 * @apiNote Status: internal
 */
public enum Form {
    /** As the layout says. */
    F32,
    /** As the layout says, rounded. */
    BF16,
    /** In blocks, as oneDNN multiplies them fastest: a copy of a frozen weight. */
    PACKED;

    /** Of an element. */
    public long bytes() {
        return this == BF16 ? Short.BYTES : Float.BYTES;
    }

    public memory.data_type type() {
        return this == BF16 ? memory.data_type.bf16 : memory.data_type.f32;
    }
}
