/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What tags of words say together: entities, or nothing. It is told from all tags that there are.
 *
 * <p>In IO, BIO, BIOES and BILOU a tag is {@code O}, or a place within an entity and its type. Entities are those that seqeval 1.2.2
 * finds by default ({@code get_entities}): one begins at a first or single word, and at any other behind none, behind an end or behind
 * another type.
 */
enum TagScheme {
    /** The type of an entity, and where in it a word stands. */
    ENTITIES {
        @Override
        char place(String tag) {
            return PLACES.getOrDefault(tag.charAt(0), INSIDE);
        }

        @Override
        String type(String tag) {
            return tag.substring(2);
        }
    },
    /** Each word by itself, such as its part of speech; words in a row with one tag are one entity, as for Transformers. */
    WORDS {
        @Override
        char place(String tag) {
            return INSIDE;
        }

        @Override
        String type(String tag) {
            return tag;
        }
    };

    private static final Pattern TAG = Pattern.compile("[BIESLU]-.+", Pattern.DOTALL);
    private static final char BEGIN = 'B';
    private static final char INSIDE = 'I';
    private static final char END = 'E';
    private static final char SINGLE = 'S';

    /** Those of BILOU by what BIOES calls them. */
    private static final Map<Character, Character> PLACES =
            Map.of(BEGIN, BEGIN, INSIDE, INSIDE, END, END, 'L', END, SINGLE, SINGLE, 'U', SINGLE);

    /** Where in an entity the word of a tag stands. */
    abstract char place(String tag);

    /** What the entity of a tag is; not of {@code O}. */
    abstract String type(String tag);

    /** The scheme of tags: entities if all of them have a place, or are {@code O}. No entity has ends alone. */
    static TagScheme of(Collection<String> tags) {
        boolean all = tags.stream().allMatch(tag -> isOutside(tag) || hasPlace(tag));
        boolean begun = tags.stream().allMatch(TagScheme::isOutside)
                || tags.stream().anyMatch(tag -> hasPlace(tag) && ENTITIES.place(tag) != END);
        return all && begun ? ENTITIES : WORDS;
    }

    /** Whether a tag has the form of a place and a type. */
    static boolean hasPlace(String tag) {
        return TAG.matcher(tag).matches();
    }

    static boolean isOutside(String tag) {
        return tag.equals(LabeledWords.OUTSIDE);
    }

    /** The entities of the words of a text. */
    List<Entity> entities(List<String> tags) {
        List<Entity> entities = new ArrayList<>();
        String type = null;
        boolean ended = true;
        int from = 0;
        for (int i = 0; i < tags.size(); i++) {
            String tag = tags.get(i);
            String next = isOutside(tag) ? null : type(tag);
            char place = next == null ? INSIDE : place(tag);
            boolean goesOn = !ended && type != null && type.equals(next) && place != BEGIN && place != SINGLE;
            if (type != null && !goesOn) {
                entities.add(new Entity(type, from, i));
            }
            if (next != null && !goesOn) {
                from = i;
            }
            type = next;
            ended = place == END || place == SINGLE;
        }
        if (type != null) {
            entities.add(new Entity(type, from, tags.size()));
        }
        return entities;
    }

    /**
     * Compares tags: entities, or words, of which those in none count as given nothing.
     *
     * @param truth for each text the tags of its words
     * @param given the same
     */
    LabelEvaluation evaluation(List<List<String>> truth, List<List<String>> given) {
        if (this == ENTITIES) {
            return LabelEvaluation.of(
                    truth.stream().map(this::entities).toList(),
                    given.stream().map(this::entities).toList(),
                    Entity::type);
        }
        List<List<String>> right = words(truth);
        return LabelEvaluation.of(right, words(given));
    }

    private static List<List<String>> words(List<List<String>> texts) {
        List<List<String>> words = texts.stream()
                .flatMap(List::stream)
                .map(tag -> isOutside(tag) ? List.<String>of() : List.of(tag))
                .toList();
        // A text of which nothing is told has nothing to compare.
        return words.isEmpty() ? List.of(List.of()) : words;
    }

    /** What {@link #evaluation}'s F1 is called. */
    String metric() {
        return this == ENTITIES ? "entity F1" : "word F1";
    }
}
