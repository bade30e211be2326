/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

/** A model that remembers what it made of a word, as texts repeat words: numbers that a place of the word makes tokens of. */
abstract class RememberingModel implements Model {

    final Vocabulary vocabulary;
    private final WordCache cache = new WordCache();

    RememberingModel(Vocabulary vocabulary) {
        this.vocabulary = vocabulary;
    }

    @Override
    public final Vocabulary vocabulary() {
        return vocabulary;
    }

    @Override
    public final void tokenize(AlignedText word, Tokens tokens) {
        String key = WordCache.key(word);
        int[] found = cache.get(key);
        if (found == null) {
            found = split(word);
            cache.put(key, found);
        }
        give(word, found, tokens);
    }

    /** What any word with these characters becomes: ids by turns with numbers that say how far each goes. */
    abstract int[] split(AlignedText word);

    /** Gives what {@link #split} made, with the places of this word. */
    abstract void give(AlignedText word, int[] found, Tokens tokens);
}
