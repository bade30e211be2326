/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.List;
import java.util.StringJoiner;
import org.lora4j.error.Arguments;

/**
 * What a {@link TokenClassifier} says of words.
 *
 * @param words the words
 * @param tags the tag of each; {@code O} for words beyond the longest text
 * @param scores the probability of each tag; 0 for words beyond the longest text
 * @param entities what the tags say together
 * @apiNote Status: stable
 */
public record TaggedWords(List<String> words, List<String> tags, List<Double> scores, List<Entity> entities) {

    /**
     * Copies all.
     *
     * @param words as in the record
     * @param tags as in the record
     * @param scores as in the record
     * @param entities as in the record
     */
    public TaggedWords {
        Arguments.allRequired(words, "TaggedWords: words", "a word");
        Arguments.allRequired(tags, "TaggedWords: tags", "a tag");
        Arguments.allRequired(scores, "TaggedWords: scores", "a number");
        Arguments.allRequired(entities, "TaggedWords: entities", "an entity");
        words = List.copyOf(words);
        tags = List.copyOf(tags);
        scores = List.copyOf(scores);
        entities = List.copyOf(entities);
    }

    /**
     * The words of an entity.
     *
     * @param entity one of {@link #entities}
     * @return its words with spaces between them
     */
    public String text(Entity entity) {
        return String.join(" ", words.subList(entity.from(), entity.to()));
    }

    /** The text with its entities in brackets: {@code play [Homogenic](album) by [Björk](artist)}. */
    @Override
    public String toString() {
        StringJoiner text = new StringJoiner(" ");
        int at = 0;
        for (Entity entity : entities) {
            words.subList(at, entity.from()).forEach(text::add);
            text.add("[" + text(entity) + "](" + entity.type() + ")");
            at = entity.to();
        }
        words.subList(at, words.size()).forEach(text::add);
        return text.toString();
    }
}
