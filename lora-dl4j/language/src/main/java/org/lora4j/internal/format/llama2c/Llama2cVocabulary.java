/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.llama2c;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;

/**
 * The vocabulary of a {@code tokenizer.bin}: the length of the longest token, then for each id its score, its length and its
 * bytes. Ids 0, 1 and 2 are the unknown token, the beginning and the end, 3 to 258 the bytes.
 *
 * @param tokens the tokens in the spelling of SentencePiece, with {@code U+2581} for a space, by id
 * @param scores the higher, the earlier a pair is merged, by id
 * @apiNote Status: internal
 */
public record Llama2cVocabulary(List<String> tokens, float[] scores) {

    /** Id of what has no token. */
    public static final int UNKNOWN = 0;
    /** Id of the beginning of a text. */
    public static final int BEGIN = 1;
    /** Id of its end. */
    public static final int END = 2;
    /** Id of byte 0. */
    public static final int FIRST_BYTE = 3;

    private static final int MOST_BYTES = 64 << 20;
    private static final int BYTES = 256;

    /** What the format has between the line feeds that its program prints around them. */
    private static final List<String> SPECIAL = List.of("<unk>", "<s>", "</s>");

    /** Takes the list as it is now, and the array itself. */
    public Llama2cVocabulary {
        tokens = List.copyOf(tokens);
    }

    /**
     * Reads a file.
     *
     * @throws ModelFormatException if it is damaged or of another format; the message lists every problem
     * @throws IOException if it does not exist or cannot be read
     */
    public static Llama2cVocabulary read(Path file) throws IOException {
        byte[] bytes = RegularFile.bytes(file, "a tokenizer.bin of llama2.c", MOST_BYTES, ModelFormatException::new);
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        Problems problems = new Problems();
        List<String> tokens = new ArrayList<>();
        List<Float> scores = new ArrayList<>();
        int longest = in.remaining() < Integer.BYTES ? -1 : in.getInt();
        problems.check(longest >= 1, "the longest token has " + longest + " bytes, expected 1 or more");
        while (in.hasRemaining() && problems.isEmpty()) {
            token(in, tokens.size(), longest, tokens, scores, problems);
        }
        if (problems.isEmpty()) {
            checkIds(tokens, problems);
        }
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(MessageText.path(file))
                    + ". The file is truncated, damaged or no tokenizer.bin of llama2.c.");
        }
        float[] all = new float[scores.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = scores.get(i);
        }
        return new Llama2cVocabulary(tokens, all);
    }

    private static void token(
            ByteBuffer in, int id, int longest, List<String> tokens, List<Float> scores, Problems problems) {
        float score = in.remaining() < 2 * Integer.BYTES ? Float.NaN : in.getFloat();
        int length = in.remaining() < Integer.BYTES ? -1 : in.getInt();
        problems.check(Float.isFinite(score), "token " + id + ": score " + score + ", expected a finite number");
        problems.check(
                length >= 1 && length <= longest && length <= in.remaining(),
                "token " + id + ": " + length + " bytes, expected 1 to " + Math.min(longest, in.remaining()));
        if (problems.isEmpty()) {
            ByteBuffer piece = in.slice(in.position(), length);
            in.position(in.position() + length);
            try {
                String text = StandardCharsets.UTF_8.newDecoder().decode(piece).toString();
                tokens.add(id == BEGIN || id == END ? text.strip() : text.replace(' ', '\u2581'));
                scores.add(score);
            } catch (CharacterCodingException e) {
                problems.add("token " + id + ": bytes that are no UTF-8");
            }
        }
    }

    private static void checkIds(List<String> tokens, Problems problems) {
        problems.check(
                tokens.size() >= FIRST_BYTE + BYTES,
                tokens.size() + " tokens, expected " + (FIRST_BYTE + BYTES) + " or more");
        Set<String> seen = new HashSet<>();
        for (int id = 0; id < tokens.size(); id++) {
            String token = tokens.get(id);
            String expected = id < FIRST_BYTE
                    ? SPECIAL.get(id)
                    : id < FIRST_BYTE + BYTES ? String.format(Locale.ROOT, "<0x%02X>", id - FIRST_BYTE) : token;
            problems.check(
                    token.equals(expected),
                    "token " + id + " is " + MessageText.name(token) + ", expected \"" + expected + "\"");
            problems.check(seen.add(token), "token " + id + " is " + MessageText.name(token) + " once more");
        }
    }

    @Override
    public String toString() {
        return "Llama2cVocabulary[" + tokens.size() + " tokens]";
    }
}
