/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import org.lora4j.internal.array.io.ElementCodec;

/**
 * The element type in which an adapter's tensors are written. Types below F32 round each value to the nearest; loading
 * gives F32 arrays again.
 *
 * @apiNote Status: stable
 */
public enum StorageType {
    /** Single precision; the default for FLOAT arrays. */
    F32(ElementCodec.F32),
    /** Half precision: 11 significant bits, up to 65504. */
    F16(ElementCodec.F16),
    /** bfloat16: 8 significant bits, the range of single precision. */
    BF16(ElementCodec.BF16);

    private final ElementCodec codec;

    StorageType(ElementCodec codec) {
        this.codec = codec;
    }

    ElementCodec codec() {
        return codec;
    }
}
