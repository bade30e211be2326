/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Arrays;

/**
 * Byte pair encoding (Sennrich, Haddow, Birch 2016, arXiv:1508.07909): of the characters of a word two that the first merge of
 * the list joins, again and again. Places are counted in bytes, as Hugging Face's library counts them: tokens of bytes stand
 * for a part of a character, and characters without a token move those behind them.
 */
final class Bpe extends RememberingModel {

    private final MergeTable merges;
    private final LongIntMap characters;
    private final String prefix;
    private final String suffix;
    private final String unknown;
    private final Integer unknownId;
    private final boolean fusesUnknown;
    private final int[] bytes;
    private final boolean ignoresMerges;

    Bpe(Part part, Vocabulary vocabulary, String[] pairs, int count) {
        super(vocabulary);
        Object dropout = part.value("dropout");
        if (dropout != null && !(dropout instanceof Number number && number.doubleValue() == 0)) {
            throw part.refused("dropout", "draws tokens at random, which is for training tokenizers; expected null");
        }
        this.prefix = part.text("continuing_subword_prefix", "");
        this.suffix = part.text("end_of_word_suffix", "");
        this.unknown = part.text("unk_token", null);
        this.unknownId = unknown == null ? null : vocabulary.id(unknown);
        this.fusesUnknown = part.flag("fuse_unk", false);
        this.bytes = part.flag("byte_fallback", false) ? vocabulary.bytes() : null;
        this.ignoresMerges = part.flag("ignore_merges", false);
        if (bytes != null && !(prefix.isEmpty() && suffix.isEmpty())) {
            throw part.refused(
                    "byte_fallback", "beside a prefix of inner tokens or a suffix of last ones is not supported");
        }
        this.merges = MergeTable.of(pairs, count, prefix, vocabulary);
        this.characters = vocabulary.characters();
    }

    @Override
    int[] split(AlignedText word) {
        int[] whole = whole(word);
        return whole == null ? new Word(word).merged() : whole;
    }

    /** The word as one token, if it is one and merges need not lead to it. */
    private int[] whole(AlignedText word) {
        if (!ignoresMerges || word.length() > Vocabulary.LONGEST_TOKEN) {
            return null;
        }
        Integer id = vocabulary.id(word.text());
        if (id == null) {
            return null;
        }
        int length = 0;
        for (int i = 0; i < word.length(); i++) {
            length += Utf8Bytes.length(word.at(i));
        }
        return new int[] {id, length};
    }

    /** Gives tokens with the places of the characters in which their bytes lie. */
    @Override
    void give(AlignedText word, int[] found, Tokens tokens) {
        int first = 0;
        int firstEnd = Utf8Bytes.length(word.at(0));
        int end = 0;
        for (int i = 0; i < found.length; i += 2) {
            int start = end;
            end += found[i + 1];
            while (firstEnd <= start) {
                firstEnd += Utf8Bytes.length(word.at(++first));
            }
            int last = first;
            int lastEnd = firstEnd;
            while (lastEnd < end) {
                lastEnd += Utf8Bytes.length(word.at(++last));
            }
            tokens.add(found[i], vocabulary.token(found[i]), word.start(first), word.end(last));
            first = last;
            firstEnd = lastEnd;
        }
    }

    /** A word that is being merged: symbols in a list, each with its token and its bytes. */
    private final class Word {

        private final AlignedText text;
        private int[] tokens;
        private int[] lengths;
        private int size;
        private int pendingUnknown;

        Word(AlignedText text) {
            this.text = text;
            int capacity = bytes == null ? text.length() : text.length() + 16;
            this.tokens = new int[capacity];
            this.lengths = new int[capacity];
        }

        private void add(int token, int length) {
            if (size == tokens.length) {
                tokens = Arrays.copyOf(tokens, 2 * size + 4);
                lengths = Arrays.copyOf(lengths, tokens.length);
            }
            tokens[size] = token;
            lengths[size++] = length;
        }

        private int idOf(int index) {
            int point = text.at(index);
            boolean inner = index > 0 && !prefix.isEmpty();
            boolean last = index == text.length() - 1 && !suffix.isEmpty();
            if (!inner && !last) {
                return characters.get(point);
            }
            Integer id = vocabulary.id((inner ? prefix : "") + Character.toString(point) + (last ? suffix : ""));
            return id == null ? LongIntMap.NONE : id;
        }

        private void split() {
            for (int i = 0; i < text.length(); i++) {
                int length = Utf8Bytes.length(text.at(i));
                int id = idOf(i);
                if (id != LongIntMap.NONE) {
                    flush();
                    add(id, length);
                } else if (bytes == null || !addBytes(text.at(i))) {
                    addUnknown(length);
                }
            }
            flush();
        }

        /** Behind unknown characters, which come later: so does Hugging Face's library. */
        private boolean addBytes(int point) {
            int length = Utf8Bytes.length(point);
            for (int i = 0; i < length; i++) {
                if (bytes[Utf8Bytes.unit(point, i)] < 0) {
                    return false;
                }
            }
            for (int i = 0; i < length; i++) {
                add(bytes[Utf8Bytes.unit(point, i)], 1);
            }
            return true;
        }

        private void addUnknown(int length) {
            if (unknown == null) {
                return;
            }
            if (unknownId == null) {
                throw new TokenizingException(
                        "BPE error: its vocabulary lacks the token of unknown characters, \"" + unknown + "\"");
            }
            if (pendingUnknown > 0 && !fusesUnknown) {
                flush();
            }
            pendingUnknown += length;
        }

        private void flush() {
            if (pendingUnknown > 0) {
                add(unknownId, pendingUnknown);
                pendingUnknown = 0;
            }
        }

        /** Ids and lengths, by turns. */
        int[] merged() {
            split();
            int[] previous = new int[size];
            int[] next = new int[size];
            MergeQueue queue = new MergeQueue(size);
            for (int i = 0; i < size; i++) {
                previous[i] = i - 1;
                next[i] = i + 1 < size ? i + 1 : -1;
                offer(queue, i, next[i]);
            }
            while (!queue.isEmpty()) {
                long entry = queue.next();
                int place = (int) entry;
                int right = next[place];
                if (lengths[place] == 0 || right < 0) {
                    continue;
                }
                int merge = merges.find(tokens[place], tokens[right]);
                int made = merges.made((int) (entry >>> 32));
                if (merge < 0 || merges.made(merge) != made) {
                    // What stood there was merged with something else meanwhile.
                    continue;
                }
                tokens[place] = made;
                lengths[place] += lengths[right];
                lengths[right] = 0;
                next[place] = next[right];
                if (next[right] >= 0) {
                    previous[next[right]] = place;
                }
                if (previous[place] >= 0) {
                    offer(queue, previous[place], place);
                }
                offer(queue, place, next[place]);
            }
            return result();
        }

        private void offer(MergeQueue queue, int left, int right) {
            int merge = right < 0 ? -1 : merges.find(tokens[left], tokens[right]);
            if (merge >= 0) {
                queue.add(merge, left);
            }
        }

        private int[] result() {
            int[] result = new int[2 * size];
            int count = 0;
            for (int i = 0; i < size; i++) {
                if (lengths[i] > 0) {
                    result[count++] = tokens[i];
                    result[count++] = lengths[i];
                }
            }
            return Arrays.copyOf(result, count);
        }
    }
}
