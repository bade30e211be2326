/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * A token that a request has to bring. Only its hash is kept, and comparing takes equally long whatever is brought.
 *
 * @apiNote Status: internal
 */
public final class BearerToken {

    private static final String SCHEME = "bearer ";

    private final byte[] hash;

    public BearerToken(String token) {
        this.hash = hash(token);
    }

    /** Whether the header {@code Authorization} has it. */
    boolean isIn(String authorization) {
        return authorization != null
                && authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                && MessageDigest.isEqual(
                        hash, hash(authorization.substring(SCHEME.length()).strip()));
    }

    private static byte[] hash(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no SHA-256", e);
        }
    }
}
