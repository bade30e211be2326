/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.tokenizer.EncodedTokens;
import org.lora4j.internal.tokenizer.PadToken;
import org.lora4j.internal.tokenizer.TokenizerContent;
import org.lora4j.internal.tokenizer.TokenizerPipeline;

/**
 * The tokenizer of a model: tokens of texts, and texts of ids, as Hugging Face's own library gives them.
 *
 * <p>It is Java alone: the file is checked whole when it is read, parts that are not supported are refused by name, and no
 * text takes more than time and memory in proportion to its length. Padding and truncation that a file asks for are not
 * applied: {@link #withMaxLength} cuts, {@link #padded} pads.
 *
 * <p><i>State.</i> Immutable: {@code with...} give another tokenizer over the same vocabulary. <i>Threads.</i> Safe.
 *
 * @apiNote Status: stable
 */
public final class Tokenizer {

    private static final int UNLIMITED = -1;

    private final TokenizerContent content;
    private final int maxLength;
    private final boolean specialTokens;

    private Tokenizer(TokenizerContent content, int maxLength, boolean specialTokens) {
        this.content = content;
        this.maxLength = maxLength;
        this.specialTokens = specialTokens;
    }

    /**
     * Reads the tokenizer of a model.
     *
     * @param path a {@code tokenizer.json}, or the directory of a model: with one, or with the older files that Transformers makes it of
     * @return the tokenizer, without a limit of length
     * @throws ModelFormatException if a file is not of a tokenizer, or has parts that are not supported; the message names them
     * @throws IOException if there is no such file, or it cannot be read
     */
    public static Tokenizer read(Path path) throws IOException {
        Arguments.required(path, "Tokenizer.read: path", "a tokenizer.json, or the directory of a model");
        return new Tokenizer(TokenizerContent.read(path), UNLIMITED, true);
    }

    /**
     * Reads a stream to its end and leaves it open.
     *
     * @param in a {@code tokenizer.json}
     * @param source what the stream is, for messages
     * @return the tokenizer, without a limit of length
     * @throws ModelFormatException if the stream is not a tokenizer, or has parts that are not supported; the message names them
     * @throws IOException if it cannot be read
     */
    public static Tokenizer read(InputStream in, String source) throws IOException {
        Arguments.required(in, "Tokenizer.read: in", "a tokenizer.json");
        return new Tokenizer(TokenizerContent.read(in, source), UNLIMITED, true);
    }

    /**
     * The same tokenizer with a limit. Of a text the end is left out; of two texts the longer one loses more.
     *
     * @param tokens maximum number of tokens, special ones included; 0 or more
     * @return another tokenizer over the same vocabulary
     * @throws IllegalArgumentException if it is negative
     */
    public Tokenizer withMaxLength(int tokens) {
        if (tokens < 0) {
            throw new IllegalArgumentException("Tokenizer.withMaxLength: tokens = " + tokens
                    + "; expected 0 or more. Without this call nothing is cut.");
        }
        return new Tokenizer(content, tokens, specialTokens);
    }

    /**
     * The same tokenizer, which puts nothing around texts. Special tokens that are spelled in a text stay.
     *
     * @return another tokenizer over the same vocabulary
     */
    public Tokenizer withoutSpecialTokens() {
        return new Tokenizer(content, maxLength, false);
    }

    /**
     * The tokens of a text.
     *
     * @param text any text; a surrogate without its other half counts as U+FFFD
     * @return its tokens, with the special tokens of the model around them; perhaps none
     * @throws IllegalStateException if the file fails on the text, as a damaged one may: it has no token for it, or takes too long
     */
    public Encoding encode(String text) {
        return Encoding.of(pipeline().encode(required(text), specialTokens, maxLength), this, token -> text);
    }

    /**
     * The tokens of two texts that belong together, as one sequence.
     *
     * @param first as for {@link #encode}
     * @param second the same
     * @return the tokens of both, as the model joins them; each one's places count in its own text
     * @throws IllegalStateException as of {@link #encode}
     */
    public Encoding encodePair(String first, String second) {
        EncodedTokens encoded = pipeline().encode(required(first), required(second), specialTokens, maxLength);
        return Encoding.of(encoded, this, token -> encoded.sequence(token) == 0 ? first : second);
    }

    /**
     * The tokens of a text that is given as words.
     *
     * @param words the words
     * @return the tokens; {@link Encoding#wordIds} says of which word each one is
     * @throws IllegalStateException as of {@link #encode}
     */
    public Encoding encodeWords(List<String> words) {
        List<String> given = List.copyOf(Arguments.allRequired(words, "Tokenizer.encodeWords: words", "a word"));
        EncodedTokens encoded = pipeline().encode(given, specialTokens, maxLength);
        int[] wordIds = encoded.words();
        return Encoding.of(encoded, this, token -> given.get(wordIds[token]));
    }

    /**
     * The tokens of several texts, each by itself.
     *
     * @param texts as for {@link #encode}
     * @return as many encodings, in their order, of different lengths; {@link #padded} makes them equally long
     * @throws IllegalStateException as of {@link #encode}
     */
    public List<Encoding> encodeAll(List<String> texts) {
        Arguments.allRequired(texts, "Tokenizer.encodeAll: texts", "a text, perhaps empty");
        return texts.stream().map(this::encode).toList();
    }

    /**
     * Encodings as the rows of one array: shorter ones get padding behind them, which {@link Encoding#attentionMask} tells from tokens.
     *
     * @param encodings any encodings
     * @return the same, all as long as the longest one
     * @throws IllegalStateException if the files of the model name no token for padding
     */
    public List<Encoding> padded(List<Encoding> encodings) {
        Arguments.allRequired(encodings, "Tokenizer.padded: encodings", "what encode gave");
        int longest = encodings.stream().mapToInt(Encoding::size).max().orElse(0);
        PadToken pad = content.pad()
                .orElseThrow(() -> new IllegalStateException("Tokenizer.padded: "
                        + MessageText.value(content.source()) + " names no token for padding; expected a padding in"
                        + " tokenizer.json, or pad_token in tokenizer_config.json or special_tokens_map.json."
                        + " Add one of them, or pad the ids yourself: the attention mask hides any id."));
        Token padding = new Token(pad.id(), pad.text(), -1, -1, pad.typeId(), true);
        return encodings.stream()
                .map(encoding -> encoding.padded(longest, padding))
                .toList();
    }

    /**
     * The number of tokens of a text.
     *
     * @param text as for {@link #encode}
     * @return as many as {@link #encode} gives
     * @throws IllegalStateException as of {@link #encode}
     */
    public int count(String text) {
        return pipeline().encode(required(text), specialTokens, maxLength).size();
    }

    /**
     * The text of ids. Bytes that are no UTF-8 become U+FFFD.
     *
     * @param ids ids of the vocabulary
     * @param skipSpecialTokens whether special tokens, such as those around a text, are left out
     * @return the text, as the tokenizer's decoder joins tokens
     * @throws IllegalArgumentException if an id is not in the vocabulary; the message lists them
     */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        Arguments.required(ids, "Tokenizer.decode: ids", "ids of tokens, perhaps none");
        List<Integer> unknown = IntStream.of(ids)
                .filter(id -> !isKnown(id))
                .distinct()
                .sorted()
                .boxed()
                .toList();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("Tokenizer.decode: ids " + MessageText.values(unknown)
                    + " are not in the vocabulary; expected ids of this tokenizer, below " + end() + ".");
        }
        return pipeline().decode(ids, skipSpecialTokens);
    }

    /**
     * The id of a token.
     *
     * @param token as the vocabulary spells it
     * @return its id, or nothing if there is none
     */
    public OptionalInt id(String token) {
        Integer id = pipeline().id(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /**
     * How the vocabulary spells a token. That is not its text: {@link #decode} gives it.
     *
     * @param id an id
     * @return the spelling
     * @throws IllegalArgumentException if the vocabulary has no token of this id
     */
    public String token(int id) {
        String token = pipeline().token(id);
        if (token == null) {
            throw new IllegalArgumentException(
                    "Tokenizer.token: id = " + id + ", expected an id of the vocabulary, below " + end() + ".");
        }
        return token;
    }

    /**
     * Whether the vocabulary has a token of an id. The model may have more ids.
     *
     * @param id any number
     * @return true if it has one
     */
    public boolean isKnown(int id) {
        return pipeline().token(id) != null;
    }

    /**
     * Whether a token is a special one, which decoding can leave out.
     *
     * @param id any number
     * @return true if it is one
     */
    public boolean isSpecial(int id) {
        return pipeline().isSpecial(id);
    }

    /**
     * The bytes that a token adds to a text in which another one stands before it: of a token that begins with a blank, that
     * too; of one that has a part of a character only, these bytes.
     *
     * @param id an id
     * @return bytes of UTF-8, whole characters or not
     * @throws IllegalArgumentException if the vocabulary has no token of this id
     */
    public byte[] bytes(int id) {
        token(id);
        return pipeline().bytes(id);
    }

    /**
     * How many tokens there are, special ones included. The model's own vocabulary may be larger.
     *
     * @return the count
     */
    public int vocabularySize() {
        return pipeline().size();
    }

    /**
     * Where ids end.
     *
     * @return one more than the highest id
     */
    public int end() {
        return pipeline().end();
    }

    /**
     * The tokenizer as the content of a {@code tokenizer.json}, to be kept beside a model.
     *
     * @return a copy of the bytes of the file that was read, or of the one that was made of older files
     */
    public byte[] json() {
        return content.json().clone();
    }

    private TokenizerPipeline pipeline() {
        return content.pipeline();
    }

    private static String required(String text) {
        return Arguments.required(text, "Tokenizer: text", "a text, perhaps empty");
    }

    @Override
    public String toString() {
        return "Tokenizer[" + MessageText.value(content.source()) + ", " + vocabularySize() + " tokens"
                + (maxLength == UNLIMITED ? "" : ", at most " + maxLength + " of a text")
                + (specialTokens ? "" : ", no special tokens around texts") + "]";
    }
}
