/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import org.lora4j.error.Arguments;
import org.lora4j.internal.format.file.Sha256;

/**
 * What a list of examples contained.
 *
 * @param examples how many there were
 * @param inOrder SHA-256 of the hashes of the examples in their order
 * @param anyOrder SHA-256 of the sorted hashes of the examples: the same for the same examples in another order
 * @apiNote Status: stable
 */
public record DataHashes(long examples, String inOrder, String anyOrder) {

    private static final HexFormat HEX = HexFormat.of();

    /**
     * Checks the values.
     *
     * @param examples as in the record
     * @param inOrder as in the record
     * @param anyOrder as in the record
     * @throws IllegalArgumentException if a hash is not one, or the number is negative
     */
    public DataHashes {
        ReceiptValues.requireHash("DataHashes: inOrder", inOrder);
        ReceiptValues.requireHash("DataHashes: anyOrder", anyOrder);
        if (examples < 0) {
            throw new IllegalArgumentException("DataHashes: examples = " + examples + "; expected 0 or more.");
        }
    }

    /**
     * Gathers examples.
     *
     * @apiNote Status: stable
     */
    public static final class Gathering {

        private final List<byte[]> hashes = new ArrayList<>();
        private MessageDigest example = Sha256.begin();

        /** Starts with no example. */
        public Gathering() {}

        /**
         * Adds a text of the present example.
         *
         * @param text the text
         * @return this
         */
        public Gathering text(String text) {
            Arguments.required(text, "DataHashes: text", "a text");
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            number(bytes.length);
            example.update(bytes);
            return this;
        }

        /**
         * Adds a number of the present example.
         *
         * @param number any number; the bits of one with a fraction
         * @return this
         */
        public Gathering number(long number) {
            for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
                example.update((byte) (number >>> shift));
            }
            return this;
        }

        /**
         * Adds a hash of the present example, which was taken elsewhere.
         *
         * @param hash its bytes
         * @return this
         */
        public Gathering hash(byte[] hash) {
            example.update(Arguments.required(hash, "DataHashes: hash", "the bytes of a hash"));
            return this;
        }

        /**
         * Ends the present example.
         *
         * @return this
         */
        public Gathering end() {
            hashes.add(example.digest());
            return this;
        }

        /**
         * The hashes of all examples that were ended.
         *
         * @return a value
         */
        public DataHashes hashes() {
            List<byte[]> sorted = new ArrayList<>(hashes);
            Collections.sort(sorted, Arrays::compareUnsigned);
            return new DataHashes(hashes.size(), together(hashes), together(sorted));
        }

        private static String together(List<byte[]> hashes) {
            MessageDigest all = Sha256.begin();
            hashes.forEach(all::update);
            return HEX.formatHex(all.digest());
        }
    }
}
