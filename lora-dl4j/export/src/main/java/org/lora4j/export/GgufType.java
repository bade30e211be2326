/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import org.lora4j.internal.format.gguf.GgufElement;

/**
 * How the matrices of a GGUF file are stored; vectors are always in single precision.
 *
 * @apiNote Status: experimental
 */
public enum GgufType {
    /** Single precision. */
    F32(GgufElement.F32, 0),
    /** Half precision. */
    F16(GgufElement.F16, 1),
    /** 8 bits and a factor for each 32 numbers of a row; rows that 32 does not divide are in half precision. */
    Q8_0(GgufElement.Q8_0, 7);

    private final GgufElement element;
    private final int fileType;

    GgufType(GgufElement element, int fileType) {
        this.element = element;
        this.fileType = fileType;
    }

    GgufElement element() {
        return element;
    }

    /** What llama.cpp calls a file whose matrices are mostly so. */
    int fileType() {
        return fileType;
    }
}
