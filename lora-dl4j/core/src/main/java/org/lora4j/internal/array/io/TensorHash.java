/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.format.file.Sha256;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One SHA-256 of arrays with their names, shapes and elements.
 *
 * @apiNote Status: internal
 */
public final class TensorHash {

    private TensorHash() {}

    /**
     * The hash of arrays.
     *
     * @param about what else is hashed, such as their config
     * @param arrays by name; their order does not matter
     * @param wide which of them are hashed as doubles, whatever type they are held in
     * @return 64 hexadecimal digits
     */
    public static String of(String about, Map<String, INDArray> arrays, Predicate<String> wide) {
        MessageDigest digest = Sha256.begin();
        add(digest, about);
        new TreeMap<>(arrays).forEach((name, array) -> {
            boolean isDouble = array.dataType() == DataType.DOUBLE || wide.test(name);
            add(digest, name);
            add(digest, (isDouble ? "F64" : "F32") + Arrays.toString(array.shape()));
            elements(digest, array.castTo(isDouble ? DataType.DOUBLE : DataType.FLOAT));
        });
        return HexFormat.of().formatHex(digest.digest());
    }

    /** With its length, so that no text runs into the next. */
    private static void add(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0, bytes.length));
        digest.update(bytes);
    }

    private static void elements(MessageDigest digest, INDArray array) {
        if (array.isEmpty()) {
            return;
        }
        try (DenseArray dense = DenseArray.rowMajor(array)) {
            dense.bytes((bytes, length) -> digest.update(bytes, 0, length));
        }
    }
}
