/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Arrays;

/** The tokens whose scores have the highest sum (Kudo 2018, arXiv:1804.10959), found from left to right in one pass. */
final class Unigram extends RememberingModel {

    private static final double PENALTY = 10;

    private final double[] scores;
    private final double unknownScore;
    private final int unknown;
    private final int[] bytes;
    private final Trie trie;

    Unigram(Part part, Vocabulary vocabulary, double[] scores) {
        super(vocabulary);
        this.scores = scores;
        this.unknown = part.whole("unk_id", 0, scores.length - 1L, -1);
        this.bytes = part.flag("byte_fallback", false) ? vocabulary.bytes() : null;
        this.unknownScore = Arrays.stream(scores).min().orElse(0) - PENALTY;
        this.trie = vocabulary.trie();
    }

    @Override
    void give(AlignedText word, int[] found, Tokens tokens) {
        int start = 0;
        for (int i = 0; i < found.length; i += 2) {
            add(word, start, found[i + 1], found[i], tokens);
            start = found[i + 1];
        }
    }

    private void add(AlignedText word, int start, int end, int id, Tokens tokens) {
        int from = word.start(start);
        int to = word.end(end - 1);
        if (id != unknown) {
            tokens.add(id, vocabulary.token(id), from, to);
            return;
        }
        String text = new String(word.points(), word.from() + start, end - start);
        Integer known = vocabulary.id(text);
        if (known == null && bytes != null && addBytes(word, start, end, from, to, tokens)) {
            return;
        }
        tokens.add(known == null ? unknown : known, text, from, to);
    }

    /** An unknown part as its bytes, all of them or none. */
    private boolean addBytes(AlignedText word, int start, int end, int from, int to, Tokens tokens) {
        for (int i = start; i < end; i++) {
            for (int j = 0; j < Utf8Bytes.length(word.at(i)); j++) {
                if (bytes[Utf8Bytes.unit(word.at(i), j)] < 0) {
                    return false;
                }
            }
        }
        for (int i = start; i < end; i++) {
            for (int j = 0; j < Utf8Bytes.length(word.at(i)); j++) {
                int id = bytes[Utf8Bytes.unit(word.at(i), j)];
                tokens.add(id, vocabulary.token(id), from, to);
            }
        }
        return true;
    }

    /** Ids and ends, by turns; unknown ones beside each other are one. */
    @Override
    int[] split(AlignedText word) {
        int length = word.length();
        double[] score = new double[length + 1];
        int[] begin = new int[length + 1];
        int[] token = new int[length + 1];
        Arrays.fill(begin, -1);
        for (int start = 0; start < length; start++) {
            boolean single = false;
            int node = Trie.ROOT;
            for (int end = start; end < length; ) {
                node = trie.next(node, word.at(end));
                if (node == Trie.NONE) {
                    break;
                }
                end++;
                int id = trie.value(node);
                if (id != Trie.NONE) {
                    single |= end == start + 1;
                    offer(start, end, id, scores[id], score, begin, token);
                }
            }
            if (!single) {
                if (offer(start, start + 1, unknown, unknownScore, score, begin, token) && unknown < 0) {
                    throw new TokenizingException("Unigram error: no token for " + Character.getName(word.at(start))
                            + " and none for unknown characters");
                }
            }
        }
        return path(length, begin, token);
    }

    private static boolean offer(int start, int end, int id, double more, double[] score, int[] begin, int[] token) {
        double sum = more + score[start];
        if (begin[end] >= 0 && !(sum > score[end])) {
            return false;
        }
        score[end] = sum;
        begin[end] = start;
        token[end] = id;
        return true;
    }

    private int[] path(int length, int[] begin, int[] token) {
        int[] path = new int[2 * length];
        int first = path.length;
        boolean previousUnknown = false;
        for (int end = length; end > 0; end = begin[end]) {
            boolean isUnknown = token[end] == unknown;
            if (isUnknown && previousUnknown) {
                continue;
            }
            path[--first] = end;
            path[--first] = token[end];
            previousUnknown = isUnknown;
        }
        return Arrays.copyOfRange(path, first, path.length);
    }
}
