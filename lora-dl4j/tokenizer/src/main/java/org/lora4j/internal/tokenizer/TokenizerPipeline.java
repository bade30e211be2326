/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.lora4j.error.CostlyExpressionException;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.tokenizer.AddedTokens.AddedToken;
import org.lora4j.internal.tokenizer.Pieces.Piece;

/**
 * A tokenizer of Hugging Face, read from its {@code tokenizer.json}: normalizer, pre-tokenizer, model, post-processor and
 * decoder, which give what the library {@code tokenizers} gives, in Java. The file is checked whole when it is read; what is
 * not understood is refused. No text ends the process or takes more than time and memory in proportion to its length.
 *
 * <p>Padding and truncation of the file are left to those who encode.
 *
 * <p><b>State.</b> Immutable but for what models remember of words. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class TokenizerPipeline {

    private static final String EXPECTED =
            "; expected Hugging Face's tokenizer.json, of parts that are supported. If the file is"
                    + " damaged, get it again. See docs/troubleshooting.md#tokenizer";

    /** What stands for bytes that are no character. */
    private static final char REPLACEMENT = '\uFFFD';

    /** More parts than any text needs, each of which reads every text. */
    private static final int MOST_PARTS = 64;

    private final String source;
    private final Normalizer normalizer;
    private final PreTokenizer preTokenizer;
    private final Model model;
    private final AddedTokens added;
    private final PostProcessor postProcessor;
    private final TokenDecoder decoder;
    private final BitSet special;
    private final int size;
    private final Optional<PadToken> padding;

    private TokenizerPipeline(String source, TokenizerFile file) {
        this.source = source;
        Map<String, Object> fields = file.fields();
        if (!"1.0".equals(fields.getOrDefault("version", "1.0"))) {
            throw new Refusal("version", Refusal.found(fields.get("version")), "expected \"1.0\"");
        }
        for (String name : fields.keySet()) {
            if (!FIELDS.contains(name)) {
                throw new Refusal(MessageText.value(name), null, "is a field that is not known here");
            }
        }
        for (String name : List.of("truncation", "padding")) {
            if (fields.get(name) != null) {
                Part.of(name, fields.get(name));
            }
        }
        requireFewParts(fields);
        this.model = Models.of(file);
        Object normalizing = fields.get("normalizer");
        this.normalizer = normalizing == null ? Normalizer.NONE : Normalizers.of(Part.of("normalizer", normalizing));
        Object cutting = fields.get("pre_tokenizer");
        this.preTokenizer = cutting == null ? PreTokenizer.NONE : PreTokenizers.of(Part.of("pre_tokenizer", cutting));
        this.added = new AddedTokens(addedTokens(fields.get("added_tokens")), model.vocabulary(), normalizer);
        Object joining = fields.get("post_processor");
        this.postProcessor =
                joining == null ? PostProcessor.NONE : PostProcessors.of(Part.of("post_processor", joining), added);
        Object decoding = fields.get("decoder");
        this.decoder = decoding == null
                ? tokens -> List.of(String.join(" ", tokens))
                : Decoders.of(Part.of("decoder", decoding));
        this.special = added.specialIds();
        this.size = added.distinct();
        this.padding = padding(fields.get("padding"));
    }

    /** What texts are filled up with; how far, those who encode decide. */
    private Optional<PadToken> padding(Object value) {
        if (!(value instanceof Map<?, ?> fields)
                || !(fields.get("pad_token") instanceof String text)
                || added.id(text) == null) {
            return Optional.empty();
        }
        int type = fields.get("pad_type_id") instanceof Long id && id == 1 ? 1 : 0;
        return Optional.of(new PadToken(added.id(text), text, type));
    }

    private static final List<String> FIELDS = List.of(
            "version",
            "truncation",
            "padding",
            "added_tokens",
            "normalizer",
            "pre_tokenizer",
            "post_processor",
            "decoder");

    private static void requireFewParts(Map<String, Object> fields) {
        for (String name : List.of("normalizer", "pre_tokenizer", "post_processor", "decoder")) {
            int parts = parts(fields.get(name));
            if (parts > MOST_PARTS) {
                throw new Refusal(name, null, "has " + parts + " parts; expected at most " + MOST_PARTS);
            }
        }
    }

    private static int parts(Object value) {
        if (value instanceof Map<?, ?> map) {
            int inner = map.values().stream().mapToInt(TokenizerPipeline::parts).sum();
            return inner + (map.containsKey("type") ? 1 : 0);
        }
        return value instanceof List<?> list
                ? list.stream().mapToInt(TokenizerPipeline::parts).sum()
                : 0;
    }

    private static List<AddedToken> addedTokens(Object value) {
        if (value == null) {
            return List.of();
        }
        Part all = Part.of("the file", Map.of("added_tokens", value));
        List<AddedToken> tokens = new ArrayList<>();
        all.parts("added_tokens").forEach(part -> tokens.add(AddedToken.of(part)));
        return tokens;
    }

    /**
     * Reads a file.
     *
     * @throws ModelFormatException if the bytes are no tokenizer, or one with parts that are not supported; the message says
     *     which and where
     */
    public static TokenizerPipeline read(String source, byte[] json) throws ModelFormatException {
        try {
            return new TokenizerPipeline(source, TokenizerFile.read(json));
        } catch (Refusal | TokenizingException | CostlyExpressionException e) {
            throw new ModelFormatException(source + ": " + e.getMessage() + EXPECTED, e);
        } catch (JsonProcessingException e) {
            throw new ModelFormatException(
                    source + ": not valid JSON: " + MessageText.value(e.getOriginalMessage()) + EXPECTED, e);
        } catch (IOException e) {
            throw new ModelFormatException(
                    source + ": not readable as UTF-8 JSON: " + MessageText.value(e.getMessage()) + EXPECTED, e);
        }
    }

    /** The tokens of a text, up to those of the piece in which they become more than some number. */
    private EncodedTokens tokens(String text, int type, int most) {
        EncodedTokens encoding = new EncodedTokens();
        Pieces pieces = new Pieces(AlignedText.of(text));
        added.extract(pieces, normalizer);
        preTokenizer.cut(pieces);
        List<Piece> all = pieces.all();
        for (int i = 0; i < all.size() && encoding.size() <= most; i++) {
            int word = i;
            AlignedText piece = all.get(i).text();
            if (all.get(i).added() >= 0) {
                encoding.add(
                        all.get(i).added(),
                        piece.text(),
                        word,
                        piece.start(0),
                        piece.end(piece.length() - 1),
                        type,
                        type);
            } else if (!piece.isEmpty()) {
                model.tokenize(piece, (id, token, start, end) -> encoding.add(id, token, word, start, end, type, type));
            }
        }
        return encoding;
    }

    /** What a file does to a text that it should not is the file's fault, whatever the text. */
    private <T> T guarded(Supplier<T> call) {
        try {
            return call.get();
        } catch (TokenizingException | CostlyExpressionException e) {
            throw new IllegalStateException(
                    MessageText.value(source) + ": the tokenizer fails: " + e.getMessage()
                            + "; expected one that encodes every text. The file is damaged or made to fail: get it again,"
                            + " or another one. See docs/troubleshooting.md#tokenizer",
                    e);
        }
    }

    private EncodedTokens processed(List<EncodedTokens> texts, boolean specialTokens, int longest) {
        if (longest >= 0) {
            int specials = specialTokens ? postProcessor.added(texts.size() == 2) : 0;
            truncate(texts, Math.max(0, longest - specials));
        }
        return postProcessor.process(texts, specialTokens);
    }

    /** Of two texts the longer one loses more, until it is as long as the other one. */
    private static void truncate(List<EncodedTokens> texts, int longest) {
        EncodedTokens first = texts.get(0);
        if (texts.size() == 1) {
            first.truncate(longest);
            return;
        }
        EncodedTokens second = texts.get(1);
        int shorter = Math.min(first.size(), second.size());
        int longer = Math.max(first.size(), second.size());
        if (shorter + longer <= longest) {
            return;
        }
        longer = Math.max(shorter, longest - shorter);
        if (shorter + longer > longest) {
            shorter = longest / 2;
            longer = shorter + longest % 2;
        }
        boolean swapped = first.size() > second.size();
        first.truncate(swapped ? longer : shorter);
        second.truncate(swapped ? shorter : longer);
    }

    /**
     * Encodes a text.
     *
     * @param text any text; a surrogate without its other half counts as U+FFFD
     * @param specialTokens whether the special tokens of the file are put around it
     * @param longest maximum number of tokens, special ones included; -1 for as many as there are
     * @throws IllegalStateException if the file has no token for the text, makes too much of it, or has an expression that
     *     takes too long
     */
    public EncodedTokens encode(String text, boolean specialTokens, int longest) {
        // What would be cut off anyway is not made.
        int most = longest < 0 ? Integer.MAX_VALUE : longest;
        return guarded(() -> processed(List.of(tokens(text, 0, most)), specialTokens, longest));
    }

    /**
     * Encodes two texts as one sequence.
     *
     * @param first as for one
     * @param specialTokens as for one
     * @param longest as for one
     * @return the tokens of both, as the file joins them
     */
    public EncodedTokens encode(String first, String second, boolean specialTokens, int longest) {
        return guarded(() -> processed(
                List.of(tokens(first, 0, Integer.MAX_VALUE), tokens(second, 1, Integer.MAX_VALUE)),
                specialTokens,
                longest));
    }

    /**
     * Encodes a text that is given as words.
     *
     * @param words the words; places count from the start of each
     * @param specialTokens as for one text
     * @param longest as for one text
     * @return the tokens of all, with the number of the word of each
     */
    public EncodedTokens encode(List<String> words, boolean specialTokens, int longest) {
        return guarded(() -> processed(List.of(tokens(words)), specialTokens, longest));
    }

    private EncodedTokens tokens(List<String> words) {
        EncodedTokens all = new EncodedTokens();
        for (int word = 0; word < words.size(); word++) {
            EncodedTokens one = tokens(words.get(word), 0, Integer.MAX_VALUE);
            for (int i = 0; i < one.size(); i++) {
                all.add(one.id(i), one.token(i), word, one.start(i), one.end(i), 0, 0);
            }
        }
        return all;
    }

    /**
     * The text of ids.
     *
     * @param ids any numbers; those of no token are left out
     * @param skipSpecialTokens whether special tokens are left out
     */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        List<String> tokens = new ArrayList<>(ids.length);
        for (int id : ids) {
            String token = added.token(id);
            if (token != null && !(skipSpecialTokens && special.get(id))) {
                tokens.add(token);
            }
        }
        return guarded(() -> String.join("", decoder.decode(tokens)));
    }

    /**
     * The bytes that a token adds to a text in which another one stands before it.
     *
     * @param id the id of a token
     * @return bytes of UTF-8, perhaps a part of a character
     */
    public byte[] bytes(int id) {
        String alone = decode(new int[] {id}, false);
        String twice = decode(new int[] {id, id}, false);
        // The first one of a text may lose its blank, the second does not.
        String text = twice.substring(Math.min(alone.length(), twice.length()));
        return text.indexOf(REPLACEMENT) < 0
                ? text.getBytes(StandardCharsets.UTF_8)
                : Decoders.bytesOf(added.token(id));
    }

    /**
     * The token of an id.
     *
     * @param id any number
     * @return how the file spells it, or null if there is none
     */
    public String token(long id) {
        return id < 0 || id >= added.end() ? null : added.token((int) id);
    }

    /**
     * The id of a token.
     *
     * @param token how the file spells it, or null
     * @return its id, or null if there is none
     */
    public Integer id(String token) {
        return added.id(token);
    }

    /**
     * Whether decoding can leave a token out.
     *
     * @return true if the file calls it special
     */
    public boolean isSpecial(int id) {
        return id >= 0 && special.get(id);
    }

    /** What shorter texts of a batch are filled up with, if the file says it. */
    public Optional<PadToken> padding() {
        return padding;
    }

    /**
     * How many tokens there are.
     *
     * @return the count, added tokens included
     */
    public int size() {
        return size;
    }

    /**
     * Where ids end.
     *
     * @return one more than the highest id
     */
    public int end() {
        return added.end();
    }

    @Override
    public String toString() {
        return "TokenizerPipeline[" + size + " tokens]";
    }
}
