/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.tokenizer.Encoding;
import org.lora4j.internal.tokenizer.OpenTokenizer;
import org.lora4j.internal.tokenizer.Tokenizer;

/**
 * A tokenizer read from Hugging Face's {@code tokenizer.json}, which gives what Hugging Face's own library gives.
 *
 * <p>Padding and truncation written in the file are replaced: padding is off (files of sentence encoders pad every text
 * to 128 tokens, which {@link LengthBuckets} makes unnecessary), truncation is on, at the length given.
 *
 * <p>It is Java alone: the file is checked whole when it is read, parts that are not supported are refused by name, and no
 * text takes more than time and memory in proportion to its length.
 *
 * <p><i>State.</i> Immutable but for {@link #close()}. <i>Threads.</i> Safe.
 *
 * @apiNote Status: stable
 */
public final class HuggingFaceTextTokenizer implements TextTokenizer, AutoCloseable {

    private final OpenTokenizer tokenizer;
    private final int maxLength;
    private final String source;
    private final byte[] json;
    private final boolean lowerCase;

    private HuggingFaceTextTokenizer(
            OpenTokenizer tokenizer, int maxLength, String source, byte[] json, boolean lowerCase) {
        this.lowerCase = lowerCase;
        this.source = source;
        this.json = json;
        this.tokenizer = tokenizer;
        this.maxLength = maxLength;
    }

    /**
     * Reads a file.
     *
     * @param tokenizerJson path of a {@code tokenizer.json}
     * @param maxLength the most ids that a text gets, special tokens included; 3 or more, and no more than the positions
     *     of the encoder
     * @return the tokenizer
     * @throws ModelFormatException if the file is not a tokenizer, or has parts that are not supported; the message names them
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if {@code maxLength} is too small
     */
    public static HuggingFaceTextTokenizer load(Path tokenizerJson, int maxLength) throws IOException {
        try (InputStream in = RegularFile.open(tokenizerJson, "a tokenizer.json")) {
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
     * @throws ModelFormatException if the resource is not a tokenizer, or has parts that are not supported; the message names them
     * @throws IOException if it does not exist or cannot be read
     * @throws IllegalArgumentException if {@code maxLength} is too small
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
     * @throws ModelFormatException if the stream is not a tokenizer, or has parts that are not supported; the message names them
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if {@code maxLength} is too small
     */
    public static HuggingFaceTextTokenizer load(InputStream in, String source, int maxLength) throws IOException {
        if (maxLength < 3) {
            throw new IllegalArgumentException("HuggingFaceTextTokenizer: maxLength = " + maxLength
                    + "; expected 3 or more, for one token between the two special ones.");
        }
        byte[] json = in.readNBytes(OpenTokenizer.MOST_BYTES + 1);
        if (json.length > OpenTokenizer.MOST_BYTES) {
            throw new ModelFormatException(MessageText.value(source) + ": more than " + OpenTokenizer.MOST_BYTES
                    + " bytes; expected Hugging Face's tokenizer.json, which has some millions. Check the path.");
        }
        OpenTokenizer tokenizer = OpenTokenizer.read("HuggingFaceTextTokenizer", source, json);
        return new HuggingFaceTextTokenizer(tokenizer, maxLength, source, json, false);
    }

    /**
     * The same tokenizer, which gets texts in lower case ({@code do_lower_case} of sentence-transformers).
     *
     * @return a tokenizer over the same file, closed with this one
     */
    public HuggingFaceTextTokenizer lowerCased() {
        return new HuggingFaceTextTokenizer(tokenizer, maxLength, source, json, true);
    }

    /**
     * Whether texts are written in lower case first.
     *
     * @return true for a tokenizer of {@link #lowerCased}
     */
    public boolean isLowerCased() {
        return lowerCase;
    }

    /** A text as it is read. */
    private String read(String text) {
        String given = tokenizer.required(text);
        return lowerCase ? given.toLowerCase(Locale.ROOT) : given;
    }

    @Override
    public int[] encode(String text) {
        return encoded(text).ids();
    }

    @Override
    public boolean cuts(String text) {
        return tokenizer.use().encode(read(text), true, maxLength).isCut();
    }

    @Override
    public TokenizedText tokenize(String text) {
        return tokens(encoded(text), token -> text);
    }

    @Override
    public TokenizedText tokenizePair(String first, String second) {
        Encoding encoding = tokenizer.use().encode(read(first), read(second), true, maxLength);
        requireTokens(encoding, List.of(first, second));
        return tokens(encoding, token -> encoding.sequence(token) == 0 ? first : second);
    }

    @Override
    public TokenizedText tokenizeWords(List<String> words) {
        Objects.requireNonNull(
                words, "HuggingFaceTextTokenizer: words is null; expected a list of words, perhaps empty");
        Encoding encoding =
                tokenizer.use().encode(words.stream().map(this::read).toList(), true, maxLength);
        requireTokens(encoding, words);
        int[] wordIds = encoding.words();
        return tokens(encoding, token -> words.get(wordIds[token]));
    }

    private Encoding encoded(String text) {
        Encoding encoding = tokenizer.use().encode(read(text), true, maxLength);
        requireTokens(encoding, List.of(text));
        return encoding;
    }

    /** An encoder cannot read nothing, and there are tokenizers that put nothing around a text. */
    private void requireTokens(Encoding encoding, List<String> texts) {
        if (encoding.size() == 0) {
            throw new IllegalArgumentException(
                    "HuggingFaceTextTokenizer: text " + MessageText.name(String.join(" ", texts))
                            + " has no token, as "
                            + MessageText.value(source)
                            + " leaves nothing of it and adds no special tokens; expected a text of one"
                            + " token or more. Leave the text out.");
        }
    }

    private TokenizedText tokens(Encoding encoding, IntFunction<String> textOf) {
        return new TokenizedText(
                encoding.ids(), encoding.types(), encoding.words(), spans(encoding, textOf), encoding.isCut());
    }

    /** The tokenizer counts code points, and special tokens have no place. */
    private int[] spans(Encoding encoding, IntFunction<String> textOf) {
        int[] spans = new int[2 * encoding.size()];
        String text = null;
        int[] indices = new int[0];
        for (int i = 0; i < encoding.size(); i++) {
            boolean placed = encoding.sequence(i) >= 0;
            if (placed
                    && lowerCase
                    && read(textOf.apply(i)).length() != textOf.apply(i).length()) {
                // Places count in what was read, and nothing tells where that was in the text.
                return new int[0];
            }
            if (placed && text != textOf.apply(i)) {
                text = textOf.apply(i);
                indices = indices(text);
            }
            spans[2 * i] = placed ? indices[encoding.start(i)] : -1;
            spans[2 * i + 1] = placed ? indices[encoding.end(i)] : -1;
        }
        return spans;
    }

    /** Where each code point of a text begins, and where the last one ends. */
    private static int[] indices(String text) {
        int[] indices = new int[text.length() + 1];
        int count = 0;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            indices[count++] = i;
        }
        indices[count] = text.length();
        return indices;
    }

    /**
     * The tokens of a text one by one, without regard to {@link #maxLength}.
     *
     * @param text any text
     * @param specialTokens whether the marks that the model expects around a text are put there
     * @return the tokens; perhaps none
     */
    public List<TextToken> pieces(String text, boolean specialTokens) {
        return pieces(text, specialTokens, -1);
    }

    /**
     * The first tokens of a text one by one. What is behind them is not made into tokens, so that a long text costs little.
     *
     * @param text any text
     * @param specialTokens whether the marks that the model expects around a text are put there
     * @param longest maximum number of tokens, marks included; -1 for as many as there are
     * @return the tokens; perhaps none
     */
    public List<TextToken> pieces(String text, boolean specialTokens, int longest) {
        Encoding encoding = tokenizer.use().encode(read(text), specialTokens, longest);
        int[] spans = spans(encoding, token -> text);
        int[] ids = encoding.ids();
        List<TextToken> pieces = new ArrayList<>();
        for (int i = 0; i < encoding.size(); i++) {
            boolean placed = spans.length > 0;
            pieces.add(new TextToken(
                    ids[i],
                    encoding.token(i),
                    placed ? spans[2 * i] : -1,
                    placed ? spans[2 * i + 1] : -1,
                    encoding.sequence(i) < 0 || tokenizer.use().isSpecial(ids[i])));
        }
        return pieces;
    }

    /**
     * The text of tokens.
     *
     * @param ids ids of the vocabulary
     * @param skipSpecialTokens whether marks such as those around a text are left out
     * @return the text, as the tokenizer's decoder joins tokens
     * @throws IllegalArgumentException if an id is not in the vocabulary; the message lists them
     */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        Objects.requireNonNull(
                ids, "HuggingFaceTextTokenizer.decode: ids is null; expected ids of tokens, perhaps none");
        Tokenizer vocabulary = tokenizer.use();
        List<Integer> unknown = IntStream.of(ids)
                .filter(id -> vocabulary.token(id) == null)
                .distinct()
                .sorted()
                .boxed()
                .toList();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("HuggingFaceTextTokenizer.decode: ids " + MessageText.values(unknown)
                    + " are not in the vocabulary; expected ids of this tokenizer. Use those that tokenize gave.");
        }
        return vocabulary.decode(ids, skipSpecialTokens);
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

    /** Ends the use of the tokenizer; it cannot be used afterwards. */
    @Override
    public void close() {
        tokenizer.close();
    }

    @Override
    public String toString() {
        return "HuggingFaceTextTokenizer[" + source + ", at most " + maxLength + " tokens]";
    }
}
