/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.tokenizer.OpenTokenizer;
import org.lora4j.tokenizer.Encoding;
import org.lora4j.tokenizer.Token;
import org.lora4j.tokenizer.Tokenizer;

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

    private final OpenTokenizer<Tokenizer> tokenizer;
    private final int maxLength;
    private final String source;
    private final boolean lowerCase;

    private HuggingFaceTextTokenizer(
            OpenTokenizer<Tokenizer> tokenizer, int maxLength, String source, boolean lowerCase) {
        this.lowerCase = lowerCase;
        this.source = source;
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
        requireLength(maxLength);
        return of(Tokenizer.read(tokenizerJson), tokenizerJson.toString(), maxLength);
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
        requireLength(maxLength);
        return of(Tokenizer.read(in, source), source, maxLength);
    }

    private static HuggingFaceTextTokenizer of(Tokenizer read, String source, int maxLength) {
        return new HuggingFaceTextTokenizer(
                new OpenTokenizer<>("HuggingFaceTextTokenizer", source, read), maxLength, source, false);
    }

    private static void requireLength(int maxLength) {
        if (maxLength < 3) {
            throw new IllegalArgumentException("HuggingFaceTextTokenizer: maxLength = " + maxLength
                    + "; expected 3 or more, for one token between the two special ones.");
        }
    }

    /**
     * The same tokenizer, which gets texts in lower case ({@code do_lower_case} of sentence-transformers).
     *
     * @return a tokenizer over the same file, closed with this one
     */
    public HuggingFaceTextTokenizer lowerCased() {
        return new HuggingFaceTextTokenizer(tokenizer, maxLength, source, true);
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

    /** What encodes now, up to the limit. */
    private Tokenizer cutting() {
        return tokenizer.use().withMaxLength(maxLength);
    }

    @Override
    public int[] encode(String text) {
        return encoded(text).ids();
    }

    @Override
    public boolean cuts(String text) {
        return cutting().encode(read(text)).isCut();
    }

    @Override
    public TokenizedText tokenize(String text) {
        return tokens(encoded(text), List.of(text));
    }

    @Override
    public TokenizedText tokenizePair(String first, String second) {
        Encoding encoding = cutting().encodePair(read(first), read(second));
        requireTokens(encoding, List.of(first, second));
        return tokens(encoding, List.of(first, second));
    }

    @Override
    public TokenizedText tokenizeWords(List<String> words) {
        Objects.requireNonNull(
                words, "HuggingFaceTextTokenizer: words is null; expected a list of words, perhaps empty");
        Encoding encoding = cutting().encodeWords(words.stream().map(this::read).toList());
        requireTokens(encoding, words);
        return tokens(encoding, words);
    }

    private Encoding encoded(String text) {
        Encoding encoding = cutting().encode(read(text));
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

    private TokenizedText tokens(Encoding encoding, List<String> texts) {
        return new TokenizedText(
                encoding.ids(),
                encoding.typeIds(),
                encoding.wordIds(),
                isPlaced(texts) ? encoding.offsets() : new int[0],
                encoding.isCut());
    }

    /** Places count in what was read, and where lower case is longer nothing tells where that was in the text. */
    private boolean isPlaced(List<String> texts) {
        return !lowerCase || texts.stream().allMatch(text -> read(text).length() == text.length());
    }

    /**
     * The tokens of a text one by one, without regard to {@link #maxLength}.
     *
     * @param text any text
     * @param specialTokens whether the marks that the model expects around a text are put there
     * @return the tokens; perhaps none
     */
    public List<Token> pieces(String text, boolean specialTokens) {
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
    public List<Token> pieces(String text, boolean specialTokens, int longest) {
        Tokenizer open = tokenizer.use();
        Tokenizer around = specialTokens ? open : open.withoutSpecialTokens();
        Encoding encoding = (longest < 0 ? around : around.withMaxLength(longest)).encode(read(text));
        return isPlaced(List.of(text))
                ? encoding.tokens()
                : encoding.tokens().stream()
                        .map(token -> new Token(token.id(), token.text(), -1, -1, token.typeId(), token.special()))
                        .toList();
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
        return tokenizer.use().decode(ids, skipSpecialTokens);
    }

    /**
     * The file that this tokenizer was read from, to be written beside a model.
     *
     * @return a copy of its bytes
     */
    public byte[] json() {
        return tokenizer.vocabulary().json();
    }

    /**
     * The tokenizer as it is, without limit of length and lower case.
     *
     * @return what this one is made of; it stays in use after {@link #close}
     */
    public Tokenizer vocabulary() {
        return tokenizer.vocabulary();
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
