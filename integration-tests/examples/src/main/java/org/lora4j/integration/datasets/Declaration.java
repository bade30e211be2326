/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;

/**
 * The Universal Declaration of Human Rights in a language.
 *
 * @param language its tag, such as {@code sr-Cyrl}
 * @param paragraphs the paragraphs as they were published
 * @param parallel the same, two of them joined here and there, so that they are those of the English one; empty if that cannot be
 */
public record Declaration(String language, List<String> paragraphs, List<String> parallel) {

    /** How many paragraphs the English one has in each article; those before the first one come first. */
    private static final int[] ARTICLES = {
        8, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 2, 2, 3, 2, 1, 1, 2, 3, 1, 4, 1, 2, 3, 2, 1, 3, 1
    };

    private static final String ENGLISH = "en";
    private static final String UNDETERMINED = "und";

    /** Lengths of parallel paragraphs hang together closer than this; those of paragraphs out of step do not. */
    private static final double IN_STEP = 0.9;

    /** So many paragraphs may have to be joined. */
    private static final int JOINED = 2;

    /** A script with a smaller share of the letters is a guest. */
    private static final double OWN = 0.05;

    /**
     * Reads the collection: for each language one declaration, one that is parallel to the English one if there is such.
     *
     * @param file rows of declaration, language, number and text with tabs between them, packed by gzip
     * @return the declarations in the order of their tags
     * @throws IOException if it cannot be read
     */
    public static List<Declaration> read(Path file) throws IOException {
        Map<String, Map<String, List<String>>> all = new TreeMap<>();
        try (BufferedReader rows = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            rows.readLine();
            for (String row = rows.readLine(); row != null; row = rows.readLine()) {
                String[] columns = row.split("\t", 4);
                all.computeIfAbsent(columns[1], tag -> new TreeMap<>())
                        .computeIfAbsent(columns[0], code -> new ArrayList<>())
                        .add(columns[3]);
            }
        }
        all.remove(UNDETERMINED);
        List<String> english = all.get(ENGLISH).values().iterator().next();
        List<Declaration> chosen = new ArrayList<>();
        all.forEach((tag, versions) -> chosen.add(versions.values().stream()
                .map(paragraphs -> new Declaration(tag, paragraphs, parallel(paragraphs, english)))
                .max(Comparator.comparing((Declaration one) -> one.parallel.size())
                        .thenComparing(one -> one.paragraphs.size()))
                .orElseThrow()));
        return chosen;
    }

    /** Joins neighbors until there are as many paragraphs as in English, those whose lengths are most like the English ones. */
    private static List<String> parallel(List<String> paragraphs, List<String> english) {
        int more = paragraphs.size() - english.size();
        if (more < 0 || more > JOINED) {
            return List.of();
        }
        List<List<String>> ways = List.of(paragraphs);
        for (int join = 0; join < more; join++) {
            ways = ways.stream().flatMap(way -> joined(way).stream()).toList();
        }
        List<String> best = ways.stream()
                .max(Comparator.comparingDouble(way -> likeness(way, english)))
                .orElseThrow();
        return likeness(best, english) < IN_STEP ? List.of() : best;
    }

    private static List<List<String>> joined(List<String> paragraphs) {
        List<List<String>> ways = new ArrayList<>();
        for (int i = 0; i + 1 < paragraphs.size(); i++) {
            List<String> way = new ArrayList<>(paragraphs);
            way.set(i, way.get(i) + " " + way.remove(i + 1));
            ways.add(way);
        }
        return ways;
    }

    /** The correlation of the logarithms of the lengths. */
    private static double likeness(List<String> one, List<String> other) {
        int count = one.size();
        double[] sums = new double[5];
        for (int i = 0; i < count; i++) {
            double x = Math.log(one.get(i).length());
            double y = Math.log(other.get(i).length());
            sums[0] += x;
            sums[1] += y;
            sums[2] += x * x;
            sums[3] += y * y;
            sums[4] += x * y;
        }
        double together = sums[4] - sums[0] * sums[1] / count;
        return together / Math.sqrt((sums[2] - sums[0] * sums[0] / count) * (sums[3] - sums[1] * sums[1] / count));
    }

    /**
     * The article of a parallel paragraph.
     *
     * @param paragraph its number, from 0
     * @return such as {@code article 07}, or {@code preamble}
     */
    public static String article(int paragraph) {
        int article = 0;
        for (int left = paragraph; left >= ARTICLES[article]; article++) {
            left -= ARTICLES[article];
        }
        return article == 0 ? "preamble" : String.format(Locale.ROOT, "article %02d", article);
    }

    /**
     * Some of the paragraphs.
     *
     * @param from from which share of the declaration on
     * @param to up to which share
     * @return the paragraphs
     */
    public List<String> part(double from, double to) {
        return paragraphs.subList((int) (from * paragraphs.size()), (int) (to * paragraphs.size()));
    }

    /**
     * The scripts that it is written in.
     *
     * @return names of Unicode, such as {@code LATIN}
     */
    public Set<String> scripts() {
        Map<String, Long> letters = new LinkedHashMap<>(paragraphs.stream()
                .flatMap(text -> text.codePoints().filter(Character::isLetter).mapToObj(Character.UnicodeScript::of))
                .filter(script -> script != Character.UnicodeScript.COMMON
                        && script != Character.UnicodeScript.INHERITED
                        && script != Character.UnicodeScript.UNKNOWN)
                .collect(Collectors.groupingBy(Enum::name, Collectors.counting())));
        long all = letters.values().stream().mapToLong(count -> count).sum();
        letters.values().removeIf(count -> count < OWN * all);
        return new TreeSet<>(letters.keySet());
    }
}
