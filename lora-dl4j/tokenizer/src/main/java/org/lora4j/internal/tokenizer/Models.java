/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

/** Models by the names that files have for them; old files have none. */
final class Models {

    private Models() {}

    static Model of(TokenizerFile file) {
        Part part = Part.of("model", file.model());
        Vocabulary vocabulary = file.vocabulary();
        String type = part.text("type", inferred(file));
        Model model = switch (type) {
            case "BPE" -> {
                requireIds(file, type);
                if (!file.hasMerges()) {
                    throw new Refusal("model.merges", null, "is missing");
                }
                yield new Bpe(part, vocabulary, file.merges(), file.mergeCount());
            }
            case "WordPiece" -> {
                requireIds(file, type);
                yield new WordPiece(part, vocabulary);
            }
            case "WordLevel" -> {
                requireIds(file, type);
                yield new WordLevel(part, vocabulary);
            }
            case "Unigram" -> {
                if (!file.hasScores()) {
                    throw new Refusal("model.vocab", null, "has ids; expected tokens with scores, as of Unigram");
                }
                yield new Unigram(part, vocabulary, file.scores());
            }
            default -> throw part.refused("type", "is not supported; supported are BPE, Unigram, WordLevel, WordPiece");
        };
        if (file.hasMerges() && !(model instanceof Bpe)) {
            throw new Refusal("model.merges", null, "stands in a model of type " + type + ", which has none");
        }
        part.end();
        return model;
    }

    private static void requireIds(TokenizerFile file, String type) {
        if (file.hasScores()) {
            throw new Refusal("model.vocab", null, "has scores; expected tokens with ids, as of " + type);
        }
    }

    /** The type by what the model has. */
    private static String inferred(TokenizerFile file) {
        if (file.hasMerges()) {
            return "BPE";
        }
        if (file.hasScores()) {
            return "Unigram";
        }
        return file.model().containsKey("max_input_chars_per_word") ? "WordPiece" : "WordLevel";
    }
}
