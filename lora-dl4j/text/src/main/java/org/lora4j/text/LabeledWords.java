/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * Words and the tag of each: {@code O}, or {@code B-type} for the first word of an entity and {@code I-type} for the others. Tags of
 * other schemes (IO, BIOES, BILOU), and labels of words by themselves, such as parts of speech, are tags as well.
 *
 * @param words the words
 * @param tags as many tags
 * @apiNote Status: stable
 */
public record LabeledWords(List<String> words, List<String> tags) {

    /** The tag of words that are in no entity. */
    public static final String OUTSIDE = "O";

    /** Letters, digits and their marks together; every other visible character by itself. */
    private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{M}\\p{N}_]+|[^\\s\\p{L}\\p{M}\\p{N}_]");

    /**
     * Copies both.
     *
     * @param words as in the record
     * @param tags as in the record
     * @throws IllegalArgumentException if there are not as many of both, or a tag is empty
     */
    public LabeledWords {
        Arguments.allRequired(words, "LabeledWords: words", "a word");
        Arguments.allRequired(tags, "LabeledWords: tags", "a tag");
        words = List.copyOf(words);
        tags = List.copyOf(tags);
        Problems problems = new Problems();
        problems.check(
                words.size() == tags.size(),
                words.size() + " words and " + tags.size() + " tags, expected as many of both");
        problems.check(
                tags.stream().noneMatch(String::isBlank),
                "a tag is empty, expected \"O\" for a word that is in no entity");
        problems.throwIfAny("LabeledWords");
    }

    /**
     * A part of a text.
     *
     * @param type what it is
     * @param from index of its first character
     * @param to index behind its last character
     * @apiNote Status: stable
     */
    public record Span(String type, int from, int to) {}

    /**
     * A text with entities at characters, as words with tags. A word that is in part within an entity belongs to it.
     *
     * @param text the text
     * @param spans the entities, none of which overlap
     * @return the words, as {@link #split} makes them, and their tags
     * @throws IllegalArgumentException if an entity is outside of the text or has no words in it
     */
    public static LabeledWords of(String text, List<Span> spans) {
        Arguments.required(text, "LabeledWords.of: text", "a text");
        Arguments.allRequired(spans, "LabeledWords.of: spans", "an entity");
        List<String> words = new ArrayList<>();
        List<String> tags = new ArrayList<>();
        int[] covered = new int[spans.size()];
        Matcher word = WORD.matcher(text);
        while (word.find()) {
            words.add(word.group());
            String tag = OUTSIDE;
            for (int i = 0; i < spans.size(); i++) {
                Span span = spans.get(i);
                if (word.start() < span.to() && word.end() > span.from()) {
                    tag = (covered[i]++ == 0 ? "B-" : "I-") + span.type();
                }
            }
            tags.add(tag);
        }
        Problems problems = new Problems();
        for (int i = 0; i < covered.length; i++) {
            problems.check(
                    covered[i] > 0,
                    spans.get(i) + " has no word of the " + text.length() + " characters in it, expected one or more");
        }
        problems.throwIfAny("LabeledWords");
        return new LabeledWords(words, tags);
    }

    /**
     * The words of a text: letters, digits and the marks on them together, every other visible character by itself.
     *
     * @param text the text
     * @return its words
     */
    public static List<String> split(String text) {
        Arguments.required(text, "LabeledWords.split: text", "a text");
        return WORD.matcher(text).results().map(found -> found.group()).toList();
    }

    /**
     * The entities, as seqeval finds them by default: one begins at {@code B-}, and at {@code I-} behind another type or none. Of labels
     * that have no place in an entity, words in a row with one label are one.
     *
     * @return the entities in their order
     */
    public List<Entity> entities() {
        return TagScheme.of(tags).entities(tags);
    }
}
