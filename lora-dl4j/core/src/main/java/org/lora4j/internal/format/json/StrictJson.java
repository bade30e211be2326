/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.json;

import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * How JSON of strangers is read: UTF-8, no duplicate keys, nothing behind the end, no deep nesting. It is written over several
 * lines.
 *
 * @apiNote Status: internal
 */
public final class StrictJson {

    private static final char MARK = '\uFEFF';

    private StrictJson() {}

    /**
     * A mapper, to be kept and shared.
     *
     * @param deepest how deep values may be nested
     */
    public static ObjectMapper mapper(int deepest) {
        JsonMapper mapper = JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build();
        mapper.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(deepest).build());
        return mapper;
    }

    /**
     * The text of a file. Jackson guesses encodings, and takes some bytes that are no text; here a file is UTF-8, perhaps behind a
     * byte order mark.
     *
     * @throws CharacterCodingException if they are no UTF-8; the message says which byte
     */
    public static String text(byte[] bytes) throws CharacterCodingException {
        CharBuffer text = CharBuffer.allocate(bytes.length);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        CoderResult result = decoder.decode(in, text, true);
        if (result.isError()) {
            throw new NotUtf8(in.position(), bytes[in.position()]);
        }
        text.flip();
        return text.length() > 0 && text.charAt(0) == MARK
                ? text.subSequence(1, text.length()).toString()
                : text.toString();
    }

    /** Bytes that are no text, and where. */
    private static final class NotUtf8 extends CharacterCodingException {

        private static final long serialVersionUID = 1;

        private final String problem;

        NotUtf8(int place, byte found) {
            this.problem = String.format(Locale.ROOT, "byte 0x%02X at %d is no UTF-8", found, place);
        }

        @Override
        public String getMessage() {
            return problem;
        }
    }
}
