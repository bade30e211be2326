/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.wordnet;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The parts of speech whose synsets WordNet files by meaning. <i>Source.</i> WordNet manual, lexnames(5WN). */
enum Part {
    /** 04 to 28; 03, {@code noun.Tops}, holds the roots of the others and has no label. */
    NOUNS("noun", 'n', 4, 3, NounCategory.names()),
    /** 29 to 43. */
    VERBS(
            "verb",
            'v',
            29,
            29,
            Stream.of(
                            "body",
                            "change",
                            "cognition",
                            "communication",
                            "competition",
                            "consumption",
                            "contact",
                            "creation",
                            "emotion",
                            "motion",
                            "perception",
                            "possession",
                            "social",
                            "stative",
                            "weather")
                    .map(name -> "verb." + name)
                    .toList());

    private final String word;
    private final char letter;
    private final int firstLabel;
    private final int firstFile;
    private final List<String> categories;
    private final Pattern synset;

    Part(String word, char letter, int firstLabel, int firstFile, List<String> categories) {
        this.word = word;
        this.letter = letter;
        this.firstLabel = firstLabel;
        this.firstFile = firstFile;
        this.categories = categories;
        this.synset = Pattern.compile("\\d{8} (\\d{2}) " + letter + " .*");
    }

    String word() {
        return word;
    }

    char letter() {
        return letter;
    }

    List<String> categories() {
        return categories;
    }

    String resource() {
        return "net/sf/extjwnl/data/wordnet/wn31/data." + word;
    }

    Pattern synset() {
        return synset;
    }

    boolean isFile(int file) {
        return file >= firstFile && file < firstLabel + categories.size();
    }

    String files() {
        return String.format(Locale.ROOT, "%02d to %02d", firstFile, firstLabel + categories.size() - 1);
    }

    /** The label of a file; negative if it has none. */
    int label(int file) {
        return file - firstLabel;
    }
}
