/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Arrays;

/** The longest token that a word begins with, then the longest inner token, and so on; else the whole word is unknown. */
final class WordPiece extends RememberingModel {

    private final String unknown;
    private final Integer unknownId;
    private final int longestWord;
    private final Trie trie;
    private final int inner;

    WordPiece(Part part, Vocabulary vocabulary) {
        super(vocabulary);
        this.unknown = part.text("unk_token");
        this.unknownId = vocabulary.id(unknown);
        this.longestWord = part.whole("max_input_chars_per_word", 0, Integer.MAX_VALUE);
        this.trie = vocabulary.trie();
        this.inner = trie.node(part.text("continuing_subword_prefix"));
    }

    @Override
    void give(AlignedText word, int[] found, Tokens tokens) {
        if (found.length == 0) {
            if (unknownId == null) {
                throw new TokenizingException(
                        "WordPiece error: its vocabulary lacks the token of unknown words, \"" + unknown + "\"");
            }
            tokens.add(unknownId, unknown, word.start(0), word.end(word.length() - 1));
            return;
        }
        int start = 0;
        for (int i = 0; i < found.length; i += 2) {
            tokens.add(found[i], vocabulary.token(found[i]), word.start(start), word.end(found[i + 1] - 1));
            start = found[i + 1];
        }
    }

    /** Ids and ends of tokens, by turns. */
    @Override
    int[] split(AlignedText word) {
        int length = word.length();
        int[] pieces = new int[16];
        int count = 0;
        int start = 0;
        while (start < length && length <= longestWord) {
            int node = start == 0 ? Trie.ROOT : inner;
            int id = Trie.NONE;
            int end = start;
            for (int at = start; at < length && node != Trie.NONE; at++) {
                node = trie.next(node, word.at(at));
                if (node != Trie.NONE && trie.value(node) != Trie.NONE) {
                    id = trie.value(node);
                    end = at + 1;
                }
            }
            if (id == Trie.NONE) {
                return new int[0];
            }
            if (count == pieces.length) {
                pieces = Arrays.copyOf(pieces, 2 * count);
            }
            pieces[count++] = id;
            pieces[count++] = end;
            start = end;
        }
        return Arrays.copyOf(pieces, count);
    }
}
