/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.LongStream;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.huggingface.TokenTable;

/**
 * A tokenizer read from Hugging Face's {@code tokenizer.json}, run by Hugging Face's own library through {@code
 * ai.djl.huggingface:tokenizers}.
 *
 * <p>Padding and truncation written in the file are replaced: padding is off (files of sentence encoders pad every text
 * to 128 tokens, which {@link LengthBuckets} makes unnecessary), truncation is on, at the length given.
 *
 * <p>That library is an optional dependency. It needs no network; it unpacks its native part below {@code
 * ~/.djl.ai} (property or environment variable {@code DJL_CACHE_DIR}) and has natives for Linux, macOS on ARM and
 * Windows. On a machine of Amazon EC2, DJL 0.38.0 reports its version to its authors, at most once a day, and to find out
 * where it runs it asks the address of EC2's metadata on every machine; the environment variable or system property
 * {@code OPT_OUT_TRACKING=true} turns both off (<a href="https://docs.djl.ai/master/docs/telemetry.html">DJL on
 * telemetry</a>).
 *
 * <p><i>State.</i> Holds native memory until {@link #close()}. <i>Threads.</i> {@link #encode} may be called from
 * several threads at once.
 *
 * @apiNote Status: stable
 */
public final class HuggingFaceTextTokenizer implements TextTokenizer, AutoCloseable {

    private static final String MISSING_LIBRARY = "HuggingFaceTextTokenizer: class '%s' is not on the class path;"
            + " expected the library ai.djl.huggingface:tokenizers, which is an optional dependency of lora-dl4j."
            + " Add it to your build, for example in version 0.38.0: <dependency><groupId>ai.djl.huggingface</groupId>"
            + "<artifactId>tokenizers</artifactId><version>0.38.0</version></dependency>.";

    private final Encoder encoder;
    private final int maxLength;
    private final String source;
    private final byte[] json;
    private boolean closed;

    private HuggingFaceTextTokenizer(Encoder encoder, int maxLength, String source, byte[] json) {
        this.source = source;
        this.json = json;
        this.encoder = encoder;
        this.maxLength = maxLength;
    }

    /**
     * Reads a file.
     *
     * @param tokenizerJson path of a {@code tokenizer.json}
     * @param maxLength the most ids that a text gets, special tokens included; 3 or more, and no more than the positions
     *     of the encoder
     * @return the tokenizer
     * @throws ModelFormatException if the file is not a tokenizer
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if {@code maxLength} is too small
     * @throws IllegalStateException if the library is not on the class path; the message names the artifact
     */
    public static HuggingFaceTextTokenizer load(Path tokenizerJson, int maxLength) throws IOException {
        RegularFile.require(tokenizerJson, "a tokenizer.json");
        try (InputStream in = Files.newInputStream(tokenizerJson)) {
            return load(in, tokenizerJson.toString(), maxLength);
        }
    }

    /**
     * Reads a resource of the class path.
     *
     * @param loader where to look, for example {@code getClass().getClassLoader()}
     * @param resource name of the resource, without a leading slash, for example {@code
     *     all-minilm-l6-v2-tokenizer.json}
     * @param maxLength the most ids that a text gets, special tokens included; 3 or more, and no more than the positions
     *     of the encoder
     * @return the tokenizer
     * @throws ModelFormatException if the resource is not a tokenizer
     * @throws IOException if it does not exist or cannot be read
     * @throws IllegalArgumentException if {@code maxLength} is too small
     * @throws IllegalStateException if the library is not on the class path; the message names the artifact
     */
    public static HuggingFaceTextTokenizer loadResource(ClassLoader loader, String resource, int maxLength)
            throws IOException {
        try (InputStream in = Resources.open(loader, resource, "a tokenizer.json")) {
            return load(in, resource, maxLength);
        }
    }

    /**
     * Reads a stream to its end and leaves it open.
     *
     * @param in a {@code tokenizer.json}
     * @param source what the stream is, for messages
     * @param maxLength the most ids that a text gets, special tokens included; 3 or more, and no more than the positions
     *     of the encoder
     * @return the tokenizer
     * @throws ModelFormatException if the stream is not a tokenizer
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if {@code maxLength} is too small
     * @throws IllegalStateException if the library is not on the class path; the message names the artifact
     */
    public static HuggingFaceTextTokenizer load(InputStream in, String source, int maxLength) throws IOException {
        if (maxLength < 3) {
            throw new IllegalArgumentException("HuggingFaceTextTokenizer: maxLength = " + maxLength
                    + "; expected 3 or more, for one token between the two special ones.");
        }
        try {
            byte[] json = in.readAllBytes();
            // Refuses what ends the process in the native library.
            TokenTable.read(source, json);
            Encoder encoder = DjlEncoder.load(new ByteArrayInputStream(json), source, maxLength);
            return new HuggingFaceTextTokenizer(encoder, maxLength, source, json);
        } catch (NoClassDefFoundError e) {
            throw new IllegalStateException(String.format(Locale.ROOT, MISSING_LIBRARY, e.getMessage()), e);
        }
    }

    @Override
    public int[] encode(String text) {
        return open().encode(required(text));
    }

    @Override
    public boolean cuts(String text) {
        return open().cuts(required(text));
    }

    @Override
    public TokenizedText tokenize(String text) {
        return open().tokenize(required(text));
    }

    @Override
    public TokenizedText tokenizePair(String first, String second) {
        return open().tokenizePair(required(first), required(second));
    }

    @Override
    public TokenizedText tokenizeWords(List<String> words) {
        words.forEach(HuggingFaceTextTokenizer::required);
        return open().tokenizeWords(words);
    }

    private static String required(String text) {
        return Objects.requireNonNull(text, "HuggingFaceTextTokenizer: text is null; expected a text, perhaps empty");
    }

    private Encoder open() {
        if (closed) {
            throw new IllegalStateException("HuggingFaceTextTokenizer: the tokenizer of " + MessageText.value(source)
                    + " is closed; expected an open one. Encode all texts before close(), or load it again.");
        }
        return encoder;
    }

    /**
     * The file that this tokenizer was read from, to be written beside a model.
     *
     * @return a copy of its bytes
     */
    public byte[] json() {
        return json.clone();
    }

    @Override
    public int maxLength() {
        return maxLength;
    }

    /** Frees the native memory; the tokenizer cannot be used afterwards. */
    @Override
    public void close() {
        closed = true;
        encoder.close();
    }

    @Override
    public String toString() {
        return "HuggingFaceTextTokenizer[" + source + ", at most " + maxLength + " tokens]";
    }

    /** Keeps the optional library out of the fields of the public class, which must load without it. */
    private interface Encoder {

        int[] encode(String text);

        boolean cuts(String text);

        TokenizedText tokenize(String text);

        TokenizedText tokenizePair(String first, String second);

        TokenizedText tokenizeWords(List<String> words);

        void close();
    }

    /** The only class that touches the optional library. */
    private static final class DjlEncoder implements Encoder {

        private final HuggingFaceTokenizer tokenizer;

        private DjlEncoder(HuggingFaceTokenizer tokenizer) {
            this.tokenizer = tokenizer;
        }

        static Encoder load(InputStream in, String source, int maxLength) throws IOException {
            String length = Integer.toString(maxLength);
            Map<String, String> options =
                    Map.of("padding", "false", "truncation", "true", "maxLength", length, "modelMaxLength", length);
            try {
                return new DjlEncoder(HuggingFaceTokenizer.newInstance(in, options));
            } catch (RuntimeException e) {
                // The native library reports a file that it cannot parse as a bare RuntimeException.
                throw new ModelFormatException(
                        source + ": " + e.getMessage() + "; expected Hugging Face's tokenizer.json."
                                + " The file is damaged or of another format.",
                        e);
            }
        }

        @Override
        public int[] encode(String text) {
            return ints(tokenizer.encode(text).getIds());
        }

        private static int[] ints(long[] values) {
            return LongStream.of(values).mapToInt(Math::toIntExact).toArray();
        }

        @Override
        public TokenizedText tokenize(String text) {
            return tokens(tokenizer.encode(text), token -> text);
        }

        @Override
        public TokenizedText tokenizePair(String first, String second) {
            Encoding encoding = tokenizer.encode(first, second);
            int[] sequences = ints(encoding.getSequenceIds());
            return tokens(encoding, token -> sequences[token] == 0 ? first : second);
        }

        @Override
        public TokenizedText tokenizeWords(List<String> words) {
            Encoding encoding = tokenizer.encode(words);
            long[] wordIds = encoding.getWordIds();
            return tokens(encoding, token -> words.get((int) wordIds[token]));
        }

        private static TokenizedText tokens(Encoding encoding, IntFunction<String> textOf) {
            return new TokenizedText(
                    ints(encoding.getIds()),
                    ints(encoding.getTypeIds()),
                    ints(encoding.getWordIds()),
                    spans(encoding, textOf),
                    encoding.exceedMaxLength());
        }

        /** The library counts code points, and knows no span of special tokens. */
        private static int[] spans(Encoding encoding, IntFunction<String> textOf) {
            CharSpan[] found = encoding.getCharTokenSpans();
            int[] spans = new int[2 * found.length];
            for (int i = 0; i < found.length; i++) {
                boolean known = found[i] != null;
                spans[2 * i] = known ? index(textOf.apply(i), found[i].getStart()) : -1;
                spans[2 * i + 1] = known ? index(textOf.apply(i), found[i].getEnd()) : -1;
            }
            return spans;
        }

        private static int index(String text, int codePoints) {
            return text.offsetByCodePoints(0, Math.min(codePoints, text.codePointCount(0, text.length())));
        }

        @Override
        public boolean cuts(String text) {
            return tokenizer.encode(text).exceedMaxLength();
        }

        @Override
        public void close() {
            tokenizer.close();
        }
    }
}
