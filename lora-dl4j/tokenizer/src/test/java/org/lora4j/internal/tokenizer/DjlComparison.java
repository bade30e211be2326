/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A tokenizer beside Hugging Face's library, which must give the same for every text. */
final class DjlComparison implements AutoCloseable {

    private final String name;
    private final TokenizerPipeline ours;
    private final HuggingFaceTokenizer library;

    DjlComparison(String name, byte[] json) throws IOException {
        this.name = name;
        this.ours = TokenizerPipeline.read(name, json);
        this.library = HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(json), Map.of("padding", "false", "truncation", "false"));
    }

    TokenizerPipeline ours() {
        return ours;
    }

    HuggingFaceTokenizer library() {
        return library;
    }

    /** Ids, tokens, places, words, types and text: all that both tell. */
    void assertSame(String text) {
        EncodedTokens our = ours.encode(text, true, -1);
        ai.djl.huggingface.tokenizers.Encoding theirs = library.encode(text, true, false);
        assertSame(text, our, theirs);
        if (our.size() > 0) {
            int[] ids = our.ids();
            assertThat(ours.decode(ids, true)).as(name).isEqualTo(library.decode(theirs.getIds(), true));
        }
    }

    void assertSamePair(String first, String second) {
        assertSame(
                first + "' and '" + second,
                ours.encode(first, second, true, -1),
                library.encode(first, second, true, false));
    }

    private void assertSame(String text, EncodedTokens our, ai.djl.huggingface.tokenizers.Encoding theirs) {
        // Words are only made for what differs.
        if (!told(our).equals(told(theirs))) {
            assertThat(told(our)).as("%s: '%s'", name, shown(text)).isEqualTo(told(theirs));
        }
    }

    /** Id, type, word, token and place of each token. */
    private static List<List<?>> told(EncodedTokens our) {
        int[] types = our.types();
        int[] words = our.words();
        List<List<?>> all = new ArrayList<>();
        for (int i = 0; i < our.size(); i++) {
            boolean placed = our.sequence(i) >= 0;
            all.add(List.of(
                    our.id(i), types[i], words[i], our.token(i), placed ? our.start(i) : -1, placed ? our.end(i) : -1));
        }
        return all;
    }

    private static List<List<?>> told(ai.djl.huggingface.tokenizers.Encoding theirs) {
        long[] ids = theirs.getIds();
        CharSpan[] spans = theirs.getCharTokenSpans();
        List<List<?>> all = new ArrayList<>();
        for (int i = 0; i < ids.length; i++) {
            all.add(List.of(
                    (int) ids[i],
                    (int) theirs.getTypeIds()[i],
                    (int) theirs.getWordIds()[i],
                    theirs.getTokens()[i],
                    spans[i] == null ? -1 : spans[i].getStart(),
                    spans[i] == null ? -1 : spans[i].getEnd()));
        }
        return all;
    }

    /** With what a reader cannot see written out. */
    private static String shown(String text) {
        StringBuilder shown = new StringBuilder();
        text.chars().limit(400).forEach(letter -> {
            if (letter < 0x20 || letter > 0x7E) {
                shown.append(String.format(java.util.Locale.ROOT, "\\u%04X", letter));
            } else {
                shown.append((char) letter);
            }
        });
        return shown.toString();
    }

    @Override
    public void close() {
        library.close();
    }
}
