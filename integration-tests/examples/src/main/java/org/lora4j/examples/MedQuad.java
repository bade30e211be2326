/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.lora4j.train.ShuffledIndices;

/**
 * Questions on health and their answers, of seven sites of the National Institutes of Health (Ben Abacha and Demner-Fushman 2019,
 * CC BY 4.0), the answers cut after 400 characters. An answer that is there again is left out.
 */
public final class MedQuad {

    /** The file, which comes with the examples. */
    public static final DataFile FILE = new DataFile(
            "medquad",
            "medquad-400.tsv",
            "cc49286120167c3b455b65a2287331059f80cab69f268f6b7365beea1f0277c3",
            "github.com/abachaa/MedQuAD, cut as the README beside the examples' copy says");

    private static final int FIELDS = 6;

    private final List<Answer> answers;

    /**
     * A row.
     *
     * @param document where it is from, with the site
     * @param focus what the document is about, in small letters
     * @param type what is asked for, such as {@code symptoms}
     * @param question the question, a template that names its type
     * @param text the answer
     */
    public record Answer(String document, String focus, String type, String question, String text) {}

    private MedQuad(List<Answer> answers) {
        this.answers = answers;
    }

    /**
     * Reads the file.
     *
     * @param file {@link #FILE} as it was found
     * @return all answers, each text once
     * @throws IOException if it cannot be read, or a row has not six fields
     */
    public static MedQuad read(Path file) throws IOException {
        List<Answer> answers = new ArrayList<>();
        Set<String> known = new HashSet<>();
        List<String> lines = Files.readAllLines(file);
        for (String line : lines.subList(1, lines.size())) {
            String[] row = line.split("\t", -1);
            if (row.length != FIELDS) {
                throw new IOException(file + ": a row has " + row.length + " fields; expected " + FIELDS);
            }
            if (known.add(row[5])) {
                String focus = row[2].toLowerCase(Locale.ROOT);
                answers.add(new Answer(row[0] + "/" + row[1], focus, row[3], row[4], row[5]));
            }
        }
        return new MedQuad(answers);
    }

    /**
     * All answers.
     *
     * @return in the order of the file
     */
    public List<Answer> answers() {
        return answers;
    }

    /**
     * Answers of types that have many.
     *
     * @param least how many a type has at least
     * @return those of larger types
     */
    public MedQuad ofTypesWith(int least) {
        Map<String, Long> sizes = answers.stream().collect(Collectors.groupingBy(Answer::type, Collectors.counting()));
        return new MedQuad(answers.stream()
                .filter(answer -> sizes.get(answer.type()) >= least)
                .toList());
    }

    /**
     * Parts that have no document in common, nor what documents are about: sites write on the same diseases in much the same words.
     *
     * @param seed which documents are in which part
     * @param shares of all answers that the first parts have
     * @return a part for each share, and the rest behind them
     */
    public List<List<Answer>> parts(long seed, double... shares) {
        Map<String, List<Answer>> byFocus = new HashMap<>();
        answers.forEach(answer -> byFocus.computeIfAbsent(answer.focus(), focus -> new ArrayList<>())
                .add(answer));
        List<String> names = byFocus.keySet().stream().sorted().toList();
        List<List<Answer>> parts = new ArrayList<>();
        List<Answer> part = new ArrayList<>();
        for (int index : ShuffledIndices.of(names.size(), seed, 0)) {
            part.addAll(byFocus.get(names.get(index)));
            if (parts.size() < shares.length && part.size() >= shares[parts.size()] * answers.size()) {
                parts.add(part);
                part = new ArrayList<>();
            }
        }
        parts.add(part);
        return parts;
    }
}
