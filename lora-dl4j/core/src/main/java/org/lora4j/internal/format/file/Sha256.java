/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * SHA-256, by which files and arrays are known again.
 *
 * @apiNote Status: internal
 */
public final class Sha256 {

    private Sha256() {}

    /**
     * Begins a hash.
     *
     * @return a digest of nothing yet
     */
    public static MessageDigest begin() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is not there; every Java platform must have it", e);
        }
    }

    /**
     * The hash of some bytes.
     *
     * @param bytes the bytes
     * @return 64 hexadecimal digits
     */
    public static String of(byte[] bytes) {
        return HexFormat.of().formatHex(begin().digest(bytes));
    }
}
