/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;

/** Hugging Face's library with a model whose tokens are bytes, which shows what normalizers and pre-tokenizers make of a text. */
final class DjlBytes implements AutoCloseable {

    private final HuggingFaceTokenizer library;

    DjlBytes(String normalizer, String preTokenizer) throws IOException {
        byte[] json = json(normalizer, preTokenizer).getBytes(StandardCharsets.UTF_8);
        this.library = HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(json), Map.of("padding", "false", "truncation", "false"));
    }

    /** A tokenizer file with these parts and a token for each byte. */
    static String json(String normalizer, String preTokenizer) {
        StringBuilder vocabulary = new StringBuilder();
        for (int i = 0; i < 256; i++) {
            vocabulary.append(i == 0 ? "" : ",").append(String.format(Locale.ROOT, "\"<0x%02X>\":%d", i, i));
        }
        return "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":"
                + normalizer
                + ",\"pre_tokenizer\":" + preTokenizer + ",\"post_processor\":null,\"decoder\":null,\"model\":{"
                + "\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":null,"
                + "\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":true,\"ignore_merges\":false,"
                + "\"vocab\":{" + vocabulary + "},\"merges\":[]}}";
    }

    Encoding encode(String text) {
        return library.encode(text, false, false);
    }

    /** What is left of a text. */
    String normalized(String text) {
        return text(encode(text), 0, Integer.MAX_VALUE);
    }

    static String text(Encoding encoding, int from, int to) {
        long[] ids = encoding.getIds();
        byte[] bytes = new byte[Math.min(to, ids.length) - from];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) ids[from + i];
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        library.close();
    }
}
