/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.nd4j.linalg.api.ndarray.INDArray;

/** SHA-256 over texts, bytes and arrays, each preceded by its length. */
final class ContentHash {

    private static final int BLOCK = 1 << 16;

    private final MessageDigest digest;

    ContentHash() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    ContentHash add(String text) {
        return add(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    ContentHash add(ByteBuffer bytes) {
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(bytes.remaining()).flip());
        digest.update(bytes);
        return this;
    }

    /** Values in their order, as little-endian doubles: exact for every type of network. */
    ContentHash add(INDArray values) {
        long length = values.length();
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(length).flip());
        INDArray flat = values.reshape(length);
        ByteBuffer block = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
        for (long i = 0; i < length; i++) {
            block.putDouble(flat.getDouble(i));
            if (!block.hasRemaining()) {
                digest.update(block.flip());
                block.clear();
            }
        }
        digest.update(block.flip());
        return this;
    }

    String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
