/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import org.bytedeco.dnnl.memory;

/** How the elements of a matrix are stored. */
enum Form {
    /** As the layout says. */
    F32,
    /** As the layout says, rounded. */
    BF16,
    /** In blocks, as oneDNN multiplies them fastest: a copy of a frozen weight. */
    PACKED;

    /** Of an element. */
    long bytes() {
        return this == BF16 ? Short.BYTES : Float.BYTES;
    }

    memory.data_type type() {
        return this == BF16 ? memory.data_type.bf16 : memory.data_type.f32;
    }
}
