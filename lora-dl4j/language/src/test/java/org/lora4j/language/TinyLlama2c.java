/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A checkpoint of llama2.c of two layers, written number by number as its program reads them: 32 numbers, two heads of queries
 * and one of keys, 12 numbers within, 266 tokens, 5 positions. The n-th weight is {@code (n % 97 - 48) / 32}.
 */
public final class TinyLlama2c {

    /** Size of a hidden state. */
    public static final int HIDDEN = 32;
    /** Numbers within the feed-forward network. */
    public static final int INNER = 12;
    /** Layers. */
    public static final int LAYERS = 2;
    /** Size of a head. */
    public static final int HEAD = 16;
    /** Positions. */
    public static final int CONTEXT = 5;

    /** What comes behind the special tokens and the bytes, with falling scores. */
    public static final List<String> PIECES = List.of(" a", "ab", " ab", " ", "a", "b", "c");

    /** Number of tokens. */
    public static final int TOKENS = 3 + 256 + PIECES.size();

    private TinyLlama2c() {}

    /** The weights of a checkpoint before those of a tensor of the first layer: embeddings, norms, then queries. */
    public static final int BEFORE_QUERIES = TOKENS * HIDDEN + LAYERS * HIDDEN;

    /** The n-th weight. */
    public static float weight(long n) {
        return (n % 97 - 48) / 32f;
    }

    /** The bytes of a checkpoint. */
    public static byte[] checkpoint(boolean tied) {
        int perLayer = 2 * HIDDEN + 2 * HIDDEN * HIDDEN + 2 * HEAD * HIDDEN + 3 * INNER * HIDDEN;
        int weights = TOKENS * HIDDEN + LAYERS * perLayer + HIDDEN;
        int own = tied ? 0 : TOKENS * HIDDEN;
        ByteBuffer bytes =
                ByteBuffer.allocate(28 + 4 * (weights + CONTEXT * HEAD + own)).order(ByteOrder.LITTLE_ENDIAN);
        for (int number : new int[] {HIDDEN, INNER, LAYERS, 2, 1, tied ? TOKENS : -TOKENS, CONTEXT}) {
            bytes.putInt(number);
        }
        for (int n = 0; n < weights; n++) {
            bytes.putFloat(weight(n));
        }
        for (int table = 0; table < 2; table++) {
            for (int position = 0; position < CONTEXT; position++) {
                for (int i = 0; i < HEAD / 2; i++) {
                    double angle = position * Math.pow(10_000, -2.0 * i / HEAD);
                    bytes.putFloat((float) (table == 0 ? Math.cos(angle) : Math.sin(angle)));
                }
            }
        }
        for (int n = 0; n < own; n++) {
            bytes.putFloat(weight(weights + n));
        }
        return bytes.array();
    }

    /** The bytes of a tokenizer. */
    public static byte[] tokenizer() {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "\n<s>\n", "\n</s>\n"));
        for (int value = 0; value < 256; value++) {
            tokens.add(String.format(Locale.ROOT, "<0x%02X>", value));
        }
        tokens.addAll(PIECES);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(little(6));
        for (int id = 0; id < tokens.size(); id++) {
            byte[] token = tokens.get(id).getBytes(StandardCharsets.UTF_8);
            out.writeBytes(little(Float.floatToIntBits(Math.min(0f, 259 - id))));
            out.writeBytes(little(token.length));
            out.writeBytes(token);
        }
        return out.toByteArray();
    }

    private static byte[] little(int number) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(number)
                .array();
    }

    /** Writes both files and converts them. */
    public static Path convert(Path folder, boolean tied) throws IOException {
        Path checkpoint = Files.write(folder.resolve("tiny.bin"), checkpoint(tied));
        Path tokenizer = Files.write(folder.resolve("tok.bin"), tokenizer());
        Path directory = folder.resolve(tied ? "tiny-tied" : "tiny");
        Llama2cCheckpoint.convert(checkpoint, tokenizer, directory);
        return directory;
    }
}
