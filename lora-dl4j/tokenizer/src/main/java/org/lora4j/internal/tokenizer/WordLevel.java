/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

/** Whole words. */
final class WordLevel implements Model {

    private final Vocabulary vocabulary;
    private final String unknown;
    private final Integer unknownId;

    WordLevel(Part part, Vocabulary vocabulary) {
        this.vocabulary = vocabulary;
        this.unknown = part.text("unk_token");
        this.unknownId = vocabulary.id(unknown);
    }

    @Override
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    @Override
    public void tokenize(AlignedText word, Tokens tokens) {
        String token = word.text();
        Integer id = vocabulary.id(token);
        if (id == null && unknownId == null) {
            throw new TokenizingException(
                    "WordLevel error: its vocabulary lacks the token of unknown words, \"" + unknown + "\"");
        }
        tokens.add(
                id == null ? unknownId : id, id == null ? unknown : token, word.start(0), word.end(word.length() - 1));
    }
}
