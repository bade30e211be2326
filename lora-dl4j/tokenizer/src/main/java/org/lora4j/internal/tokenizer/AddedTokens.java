/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.lora4j.internal.tokenizer.Pieces.Piece;

/**
 * Tokens beside those of the model, which are found in the text itself before it is cut: those that are not normalized in the
 * text as it came, the others in what the normalizer made of it.
 */
final class AddedTokens {

    /** As a file describes one. */
    record AddedToken(
            String content,
            boolean singleWord,
            boolean stripsLeft,
            boolean stripsRight,
            boolean normalized,
            boolean special) {

        static AddedToken of(Part part) {
            AddedToken token = new AddedToken(
                    part.text("content"),
                    part.flag("single_word"),
                    part.flag("lstrip"),
                    part.flag("rstrip"),
                    part.flag("normalized"),
                    part.flag("special"));
            part.whole("id", 0, Vocabulary.LARGEST_ID);
            part.end();
            if (token.content.length() > Vocabulary.LONGEST_TOKEN) {
                throw new Refusal(
                        part.where() + ".content",
                        token.content,
                        "has more than " + Vocabulary.LONGEST_TOKEN + " characters; expected fewer");
            }
            return token;
        }
    }

    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<Integer, AddedToken> tokens = new HashMap<>();
    private final Set<String> special = new HashSet<>();
    private final Vocabulary vocabulary;
    private final Trie asWritten = new Trie(16);
    private final Trie normalized = new Trie(16);
    private boolean hasAsWritten;
    private boolean hasNormalized;
    private int end;

    AddedTokens(List<AddedToken> added, Vocabulary vocabulary, Normalizer normalizer) {
        this.vocabulary = vocabulary;
        this.end = vocabulary.end();
        int next = vocabulary.size();
        List<AddedToken> first = new ArrayList<>();
        List<AddedToken> others = new ArrayList<>();
        for (AddedToken token : added) {
            if (token.special && !token.content.isEmpty() && special.add(token.content)) {
                first.add(token);
            }
        }
        Set<AddedToken> known = new HashSet<>();
        for (AddedToken token : added) {
            if (token.content.isEmpty() || !known.add(token)) {
                continue;
            }
            Integer id = id(token.content);
            if (id == null) {
                id = next++;
            }
            ids.put(token.content, id);
            tokens.put(id, token);
            end = Math.max(end, id + 1);
            if (!special.contains(token.content)) {
                others.add(token);
            }
        }
        first.forEach(token -> index(token, normalizer));
        others.forEach(token -> index(token, normalizer));
    }

    private void index(AddedToken token, Normalizer normalizer) {
        int id = ids.get(token.content);
        if (!token.normalized) {
            hasAsWritten = true;
            putFirst(asWritten, token.content, id);
            return;
        }
        String content = normalizer.normalize(AlignedText.of(token.content)).text();
        if (content.isEmpty()) {
            throw new Refusal("added_tokens", token.content, "of which the normalizer leaves nothing");
        }
        hasNormalized = true;
        putFirst(normalized, content, id);
    }

    /** Of two that are spelled alike the first one is found. */
    private static void putFirst(Trie trie, String content, int id) {
        int node = trie.node(content);
        if (node == Trie.NONE || trie.value(node) == Trie.NONE) {
            trie.put(content, id);
        }
    }

    /** The id of a token, of these or of the model; null if there is none. */
    Integer id(String token) {
        Integer id = ids.get(token);
        return id == null ? vocabulary.id(token) : id;
    }

    /** The token of an id, of these or of the model; null if there is none. */
    String token(int id) {
        AddedToken token = tokens.get(id);
        return token == null ? vocabulary.token(id) : token.content;
    }

    /** The ids of the tokens that decoding can leave out. */
    BitSet specialIds() {
        BitSet found = new BitSet();
        tokens.forEach((id, token) -> found.set(id, special.contains(token.content)));
        return found;
    }

    /** How many ids have a token, of these or of the model. */
    int distinct() {
        return vocabulary.distinct()
                + (int) tokens.keySet().stream()
                        .filter(id -> vocabulary.token(id) == null)
                        .count();
    }

    /** One more than the highest id. */
    int end() {
        return end;
    }

    /** Finds the tokens in a text and normalizes what is none. */
    void extract(Pieces pieces, Normalizer normalizer) {
        pieces.splitTokens((text, parts) -> split(text, asWritten, hasAsWritten, parts));
        pieces.splitTokens((text, parts) -> split(normalizer.normalize(text), normalized, hasNormalized, parts));
    }

    private void split(AlignedText text, Trie trie, boolean any, Consumer<Piece> parts) {
        int reached = text.from();
        int at = any ? text.from() : text.to();
        int[] points = text.points();
        while (at < text.to()) {
            int node = Trie.ROOT;
            int id = Trie.NONE;
            int end = at;
            for (int i = at; i < text.to(); i++) {
                node = trie.next(node, points[i]);
                if (node == Trie.NONE) {
                    break;
                }
                if (trie.value(node) != Trie.NONE) {
                    id = trie.value(node);
                    end = i + 1;
                }
            }
            if (id == Trie.NONE) {
                at++;
                continue;
            }
            int start = at;
            at = end;
            AddedToken token = tokens.get(id);
            if (token.singleWord && !isWord(text, start, end)) {
                continue;
            }
            if (token.stripsLeft) {
                while (start > text.from() && Letters.isSpace(points[start - 1])) {
                    start--;
                }
                // Blanks that the token before took are taken.
                start = Math.max(start, reached);
            }
            while (token.stripsRight && end < text.to() && Letters.isSpace(points[end])) {
                end++;
            }
            if (reached < start) {
                parts.accept(new Piece(text.slice(reached, start), -1));
            }
            parts.accept(new Piece(text.slice(start, end), id));
            reached = end;
        }
        if (reached != text.to()) {
            parts.accept(new Piece(text.slice(reached, text.to()), -1));
        }
    }

    private static boolean isWord(AlignedText text, int start, int end) {
        int[] points = text.points();
        return (start == text.from() || !Letters.isOfWord(points[start - 1]))
                && (end == text.to() || !Letters.isOfWord(points[end]));
    }
}
