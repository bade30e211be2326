/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.tokenizer.OpenTokenizer;
import org.lora4j.internal.tokenizer.TokenizerContent;
import org.lora4j.internal.tokenizer.directory.SpecialTokens;
import org.lora4j.tokenizer.Token;
import org.lora4j.tokenizer.Tokenizer;

/**
 * The tokenizer of a language model: ids of texts, and texts of ids, whole or piece by piece.
 *
 * <p>It is read from the {@code tokenizer.json} of a model directory and gives what Hugging Face's own library gives:
 * byte-level BPE, BPE in the manner of SentencePiece with byte fallback, Unigram, WordPiece and WordLevel. Nothing is cut,
 * padded or tidied but by what the file itself says of decoding. It is Java alone: the file is checked whole when it is read,
 * and parts that are not supported are refused by name.
 *
 * <p><i>State.</i> Immutable but for {@link #close()}. <i>Threads.</i> Safe.
 *
 * @apiNote Status: stable
 */
public final class LanguageTokenizer implements AutoCloseable {

    private static final String FILE = "tokenizer.json";

    private final Path directory;
    private final OpenTokenizer<Tokenizer> tokenizer;
    private final OptionalInt bos;
    private final OptionalInt eos;
    private final OptionalInt pad;
    private final Set<Integer> stops;

    private LanguageTokenizer(Path directory, OpenTokenizer<Tokenizer> tokenizer) throws IOException {
        this.directory = directory;
        this.tokenizer = tokenizer;
        Map<String, String> tokens = SpecialTokens.read(directory);
        List<Map<String, Object>> configs = List.of(
                SpecialTokens.fields(directory, "generation_config.json"),
                SpecialTokens.fields(directory, "config.json"));
        this.bos = specialId(tokens, configs, "bos");
        this.eos = specialId(tokens, configs, "eos");
        this.pad = specialId(tokens, configs, "pad");
        Set<Integer> ends = configuredIds(configs, "eos_token_id");
        if (ends.isEmpty()) {
            eos.ifPresent(ends::add);
        }
        this.stops = Collections.unmodifiableSet(ends);
    }

    /**
     * Reads the tokenizer of a model: {@value #FILE}, or the older files that Transformers makes it of, and from {@code tokenizer_config.json}, {@code special_tokens_map.json},
     * {@code generation_config.json} and {@code config.json}, where they are there, which tokens begin, end and pad texts.
     *
     * @param directory the directory of the model
     * @return the tokenizer, to be closed
     * @throws ModelFormatException if a file is damaged or of another format, or has parts that are not supported; the message
     *     names them
     * @throws IOException if there is no such directory, it has no {@value #FILE}, or a file cannot be read
     */
    public static LanguageTokenizer load(Path directory) throws IOException {
        ModelDirectory.require(directory);
        String file = directory.resolve(FILE).toString();
        return new LanguageTokenizer(
                directory, new OpenTokenizer<>("LanguageTokenizer", file, Tokenizer.read(directory)));
    }

    /** The tokenizer of a directory, if it has one. */
    static Optional<LanguageTokenizer> find(Path directory) throws IOException {
        return TokenizerContent.isThere(directory.resolve(FILE)) ? Optional.of(load(directory)) : Optional.empty();
    }

    private OptionalInt specialId(Map<String, String> tokens, List<Map<String, Object>> configs, String name) {
        OptionalInt id = tokenizer.vocabulary().id(tokens.get(name + "_token"));
        if (id.isPresent()) {
            return id;
        }
        return configuredIds(configs, name + "_token_id").stream()
                .mapToInt(Integer::intValue)
                .findFirst();
    }

    /** The ids that the model's own configuration names, one or a list of them, as far as the vocabulary has them. */
    private Set<Integer> configuredIds(List<Map<String, Object>> configs, String field) {
        Set<Integer> ids = new LinkedHashSet<>();
        for (Map<String, Object> config : configs) {
            Object value = ids.isEmpty() ? config.get(field) : null;
            for (Object id : value instanceof List<?> list ? list : Collections.singletonList(value)) {
                if (id instanceof Number number
                        && number.longValue() == number.intValue()
                        && isKnown(number.intValue())) {
                    ids.add(number.intValue());
                }
            }
        }
        return ids;
    }

    /**
     * The ids of a text, with the special tokens that the tokenizer puts around texts.
     *
     * @param text any text
     * @return its ids
     */
    public int[] encode(String text) {
        return encode(text, true);
    }

    /**
     * The ids of a text.
     *
     * @param text any text. Special tokens that are spelled in it become their ids; a surrogate without its other half counts
     *     as U+FFFD
     * @param addSpecialTokens whether the tokenizer puts special tokens around it; false for what a {@link ChatTemplate}
     *     rendered, which spells them itself
     * @return its ids
     */
    public int[] encode(String text, boolean addSpecialTokens) {
        return encoder(addSpecialTokens).encode(tokenizer.required(text)).ids();
    }

    private Tokenizer encoder(boolean addSpecialTokens) {
        Tokenizer open = tokenizer.use();
        return addSpecialTokens ? open : open.withoutSpecialTokens();
    }

    /**
     * The tokens of a text with all that is known of them.
     *
     * @param text as for {@link #encode(String, boolean)}
     * @param addSpecialTokens as there
     * @return the tokens; their ids are those of {@code encode}
     */
    public List<Token> tokenize(String text, boolean addSpecialTokens) {
        return encoder(addSpecialTokens).encode(tokenizer.required(text)).tokens();
    }

    /**
     * The tokens of two texts that belong together.
     *
     * @param first as for {@link #encode(String, boolean)}
     * @param second the same
     * @param addSpecialTokens as there
     * @return the tokens of both, as the tokenizer joins them; each one's places count in its own text
     */
    public List<Token> tokenizePair(String first, String second, boolean addSpecialTokens) {
        return encoder(addSpecialTokens)
                .encodePair(tokenizer.required(first), tokenizer.required(second))
                .tokens();
    }

    /**
     * The text of ids. Bytes that are no UTF-8 become U+FFFD.
     *
     * @param ids ids of the vocabulary
     * @param skipSpecialTokens whether special tokens are left out
     * @return the text
     * @throws IllegalArgumentException if the vocabulary has no token of an id; the message lists those
     */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        return tokenizer.use().decode(ids, skipSpecialTokens);
    }

    /**
     * A decoder for ids that come one after the other.
     *
     * @param skipSpecialTokens whether special tokens are left out
     * @return a decoder for one stream; it must not outlive this tokenizer
     */
    public StreamDecoder streamDecoder(boolean skipSpecialTokens) {
        return new StreamDecoder(this, skipSpecialTokens);
    }

    /**
     * A decoder for ids that follow others: all that is before and all pieces together are the text of all ids. Tokenizers in the
     * manner of SentencePiece leave out the blank of the first word of a text, and only of that.
     *
     * @param skipSpecialTokens whether special tokens are left out
     * @param before the ids that stand before, such as a prompt; their text is not given. Ids without a token are left out
     * @return a decoder for one stream; it must not outlive this tokenizer
     */
    public StreamDecoder streamDecoder(boolean skipSpecialTokens, int[] before) {
        Arguments.required(before, "LanguageTokenizer.streamDecoder: before", "ids, none for the first of a text");
        StreamDecoder decoder = new StreamDecoder(this, skipSpecialTokens);
        decoder.follow(before);
        return decoder;
    }

    /**
     * Whether the vocabulary has a token of an id. The model may have more ids.
     *
     * @param id any number
     * @return true if it has one
     */
    public boolean isKnown(int id) {
        return tokenizer.vocabulary().isKnown(id);
    }

    /**
     * How many tokens there are, special ones included. The model's own vocabulary may be larger.
     *
     * @return the count
     */
    public int vocabularySize() {
        return tokenizer.vocabulary().vocabularySize();
    }

    /**
     * How the vocabulary spells a token. That is not its text: decode it.
     *
     * @param id an id
     * @return the spelling
     * @throws IllegalArgumentException if the vocabulary has no token of this id
     */
    public String token(int id) {
        return tokenizer.vocabulary().token(id);
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
        return tokenizer.use().bytes(id);
    }

    /**
     * The id of a token.
     *
     * @param token as the vocabulary spells it
     * @return its id, or nothing if there is none
     */
    public OptionalInt id(String token) {
        return tokenizer.vocabulary().id(token);
    }

    /**
     * Whether a token is a special one, which decoding can leave out.
     *
     * @param id an id of the vocabulary
     * @return true if it is one
     */
    public boolean isSpecial(int id) {
        token(id);
        return tokenizer.vocabulary().isSpecial(id);
    }

    /**
     * The token that begins a text.
     *
     * @return its id, or nothing if the model names none
     */
    public OptionalInt bosId() {
        return bos;
    }

    /**
     * The token that ends a text.
     *
     * @return its id, or nothing if the model names none
     */
    public OptionalInt eosId() {
        return eos;
    }

    /**
     * The token that fills up shorter texts of a batch.
     *
     * @return its id, or nothing if the model names none
     */
    public OptionalInt padId() {
        return pad;
    }

    /**
     * The tokens at which a generated text ends: those of {@code generation_config.json}, else of {@code config.json}, else
     * {@link #eosId}.
     *
     * @return their ids, perhaps none; unmodifiable
     */
    public Set<Integer> stopIds() {
        return stops;
    }

    /** The content of its {@value #FILE}. */
    byte[] json() {
        return tokenizer.vocabulary().json();
    }

    /** Ends the use of the tokenizer; it cannot be used afterwards. */
    @Override
    public void close() {
        tokenizer.close();
    }

    @Override
    public String toString() {
        return "LanguageTokenizer[" + MessageText.path(directory) + ", " + vocabularySize() + " tokens]";
    }
}
