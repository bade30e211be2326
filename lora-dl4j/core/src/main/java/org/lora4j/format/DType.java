/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format;

import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The element types of the format, in the order of the reference implementation: by width, which is the order in which a
 * writer sorts (widest first), so that every tensor lies aligned.
 *
 * @apiNote Status: experimental
 */
public enum DType {
    /** Truth value, one byte. */
    BOOL(8),
    /** MXFP4 element, two a byte. */
    F4(4),
    /** MXFP6 element with 2 exponent bits. */
    F6_E2M3(6),
    /** MXFP6 element with 3 exponent bits. */
    F6_E3M2(6),
    /** Unsigned byte. */
    U8(8),
    /** Signed byte. */
    I8(8),
    /** 8-bit float with 5 exponent bits. */
    F8_E5M2(8),
    /** 8-bit float with 4 exponent bits. */
    F8_E4M3(8),
    /** 8-bit power of two, used as a scale. */
    F8_E8M0(8),
    /** 8-bit float with 4 exponent bits, without infinities and negative zero. */
    F8_E4M3FNUZ(8),
    /** 8-bit float with 5 exponent bits, without infinities and negative zero. */
    F8_E5M2FNUZ(8),
    /** Signed 16-bit integer. */
    I16(16),
    /** Unsigned 16-bit integer. */
    U16(16),
    /** IEEE 754 half precision. */
    F16(16),
    /** The upper half of a single-precision number. */
    BF16(16),
    /** Signed 32-bit integer. */
    I32(32),
    /** Unsigned 32-bit integer. */
    U32(32),
    /** IEEE 754 single precision. */
    F32(32),
    /** Complex number of two single-precision parts. */
    C64(64),
    /** IEEE 754 double precision. */
    F64(64),
    /** Signed 64-bit integer. */
    I64(64),
    /** Unsigned 64-bit integer. */
    U64(64);

    private static final Map<String, DType> BY_NAME =
            Stream.of(values()).collect(Collectors.toUnmodifiableMap(DType::name, Function.identity()));

    private final int bits;

    DType(int bits) {
        this.bits = bits;
    }

    /**
     * Width of an element.
     *
     * @return bits, not always a multiple of 8
     */
    public int bits() {
        return bits;
    }

    /**
     * The number of bytes that a tensor of this type occupies.
     *
     * @param shape dimensions, each 0 or more; empty for a scalar
     * @return bytes
     * @throws ArithmeticException if the number exceeds a long or the elements do not fill whole bytes
     */
    public long byteCount(long... shape) {
        long total = bits;
        for (long dimension : shape) {
            total = Math.multiplyExact(total, dimension);
        }
        if (total % Byte.SIZE != 0) {
            throw new ArithmeticException(total + " bits do not fill whole bytes");
        }
        return total / Byte.SIZE;
    }

    /**
     * Finds a type by the name in a file.
     *
     * @param name such as {@code BF16}
     * @return the type, or empty if the format has none of that name
     */
    public static Optional<DType> ofName(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }
}
