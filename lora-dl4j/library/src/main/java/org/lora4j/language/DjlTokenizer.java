/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;

/**
 * The only class that touches the optional library, and where its Java binding differs from the Rust library:
 *
 * <ul>
 *   <li>Its defaults cut and pad as the file says, which is for batches of sentence encoders: both are off.
 *   <li>A surrogate without its other half becomes three U+FFFD on the way to Rust: it is made one before, as in all
 *       encoders to UTF-8 of Java that replace.
 *   <li>A token that is not of the text has no offsets, instead of 0 and 0.
 *   <li>Ids that the vocabulary lacks are decoded to nothing; they are refused by the caller.
 *   <li>Files that make the library panic end the process: {@code TokenTable} refuses those that are known.
 *   <li>A tokenizer closed while another thread encodes would be freed under it.
 * </ul>
 */
final class DjlTokenizer {

    private static final Map<String, String> AS_WRITTEN = Map.of("padding", "false", "truncation", "false");

    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final HuggingFaceTokenizer tokenizer;
    private final String source;
    private boolean closed;

    private DjlTokenizer(HuggingFaceTokenizer tokenizer, String source) {
        this.tokenizer = tokenizer;
        this.source = source;
    }

    static DjlTokenizer load(String source, byte[] json) throws IOException {
        try {
            LibUtils.checkStatus();
        } catch (RuntimeException e) {
            // The library's own, made when it found no natives, or could not load them.
            throw LanguageTokenizer.missing(e);
        }
        try {
            return new DjlTokenizer(
                    HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), AS_WRITTEN), source);
        } catch (RuntimeException e) {
            // The native library reports a file that it cannot parse as a bare RuntimeException.
            throw new ModelFormatException(
                    source + ": " + MessageText.value(e.getMessage())
                            + "; expected Hugging Face's tokenizer.json. The file is damaged or of a newer form: get it"
                            + " again, or take a newer ai.djl.huggingface:tokenizers.",
                    e);
        }
    }

    /** A call of the library, which is not closed meanwhile. */
    private <T> T open(Function<HuggingFaceTokenizer, T> call) {
        lock.readLock().lock();
        try {
            requireOpen();
            return called(call);
        } finally {
            lock.readLock().unlock();
        }
    }

    private <T> T called(Function<HuggingFaceTokenizer, T> call) {
        try {
            return call.apply(tokenizer);
        } catch (RuntimeException e) {
            // A text that the model of the file has no token for, not even an unknown one, or an id beyond 31 bits.
            throw new IllegalStateException(
                    "LanguageTokenizer: " + MessageText.value(source) + ": the tokenizer fails: "
                            + MessageText.value(e.getMessage())
                            + "; expected one that encodes every text. The file is damaged: get it again.",
                    e);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("LanguageTokenizer: the tokenizer of " + MessageText.value(source)
                    + " is closed; expected an open one. Use it before close(), or load it again.");
        }
    }

    int[] encode(String text, boolean addSpecialTokens) {
        String whole = withoutHalves(text);
        return open(
                library -> ints(library.encode(whole, addSpecialTokens, false).getIds()));
    }

    List<LanguageToken> tokenize(String text, boolean addSpecialTokens) {
        String whole = withoutHalves(text);
        return open(library -> tokens(library.encode(whole, addSpecialTokens, false)));
    }

    List<LanguageToken> tokenizePair(String first, String second, boolean addSpecialTokens) {
        String one = withoutHalves(first);
        String other = withoutHalves(second);
        return open(library -> tokens(library.encode(one, other, addSpecialTokens, false)));
    }

    String decode(int[] ids, boolean skipSpecialTokens) {
        long[] longs = Arrays.stream(ids).asLongStream().toArray();
        return open(library -> library.decode(longs, skipSpecialTokens));
    }

    void close() {
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                tokenizer.close();
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private static int[] ints(long[] values) {
        return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
    }

    private static List<LanguageToken> tokens(Encoding encoding) {
        long[] ids = encoding.getIds();
        long[] types = encoding.getTypeIds();
        long[] special = encoding.getSpecialTokenMask();
        String[] texts = encoding.getTokens();
        CharSpan[] spans = encoding.getCharTokenSpans();
        List<LanguageToken> tokens = new ArrayList<>(ids.length);
        for (int i = 0; i < ids.length; i++) {
            int start = spans[i] == null ? 0 : spans[i].getStart();
            int end = spans[i] == null ? 0 : spans[i].getEnd();
            tokens.add(new LanguageToken(
                    Math.toIntExact(ids[i]), texts[i], start, end, Math.toIntExact(types[i]), special[i] == 1));
        }
        return List.copyOf(tokens);
    }

    private static String withoutHalves(String text) {
        StringBuilder whole = null;
        for (int i = 0; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) {
                continue;
            }
            if (Character.isSupplementaryCodePoint(text.codePointAt(i))) {
                i++;
            } else {
                whole = whole == null ? new StringBuilder(text) : whole;
                whole.setCharAt(i, '\uFFFD');
            }
        }
        return whole == null ? text : whole.toString();
    }
}
