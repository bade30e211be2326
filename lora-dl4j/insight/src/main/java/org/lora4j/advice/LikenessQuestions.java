/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lora4j.advice.Advice.Answer;
import org.lora4j.advice.DataParts.Part;
import org.lora4j.advice.DataReport.Duplicate;
import org.lora4j.advice.DataReport.Duplicates;
import org.lora4j.advice.DataReport.Leakage;
import org.lora4j.advice.DataReport.Likeness;
import org.lora4j.advice.DataReport.Outlier;
import org.lora4j.advice.DataReport.Outliers;
import org.lora4j.internal.advice.Folds;
import org.lora4j.internal.advice.NearestRows;
import org.lora4j.internal.advice.PlainText;
import org.lora4j.internal.array.InnerProducts;
import org.lora4j.random.RandomStreams;
import org.lora4j.train.Progress;

/** The questions that the likeness of rows answers: duplicates, leakage, outliers. */
final class LikenessQuestions {

    private static final int NEIGHBORS = 10;
    private static final int FEWEST_ROWS = 50;

    /** With fewer rows of a class, its quartiles say little. */
    private static final int FEWEST_OF_CLASS = 20;

    /** Texts of which nine characters in ten are the same are near each other, whatever a slip of the pen means to the encoder. */
    private static final double SAME_CHARACTERS = 0.9;

    /** Copies are nearer than a tenth of the usual distance: between a few features large cosines are common. */
    private static final double OF_USUAL = 0.1;

    private static final double MANY_DUPLICATES = 0.1;
    private static final double MANY_LEAKS = 0.01;

    /** Pairs of rows that are compared at most: seconds of work, whatever comes. */
    private static final long MOST_PAIRS = 40_000_000;

    /** With more rows than these to compare with, few rows would be left that are compared. */
    private static final int MOST_REFERENCES = 20_000;

    private final Part train;
    private final Part validation;
    private final long seed;
    private final Progress progress;
    private final double near;

    /** The training rows that are compared, all if that are few, and those that they are compared with. */
    private final int[] compared;

    private final int[] references;
    private final NearestRows neighbors;

    /** Of each row that is compared to its tenth neighbor, or to the last one there is. */
    private final double[] distances;

    private final double[] sorted;

    LikenessQuestions(DataParts parts, double near, long seed, Progress progress) {
        this.progress = progress;
        this.train = parts.train();
        this.validation = parts.validation();
        this.seed = seed;
        this.references = some(train.size(), MOST_REFERENCES, "references");
        this.compared = some(train.size(), MOST_PAIRS / references.length, "rows of train");
        this.neighbors = NearestRows.within(
                rows(train, compared),
                rows(train, references),
                IntStream.of(compared)
                        .map(row -> Arrays.binarySearch(references, row))
                        .toArray(),
                NEIGHBORS,
                pairs("duplicates", compared));
        this.distances = IntStream.range(0, compared.length)
                .mapToDouble(i -> 1 - neighbors.cosines()[i][neighbors.cosines()[i].length - 1])
                .toArray();
        this.sorted = distances.clone();
        Arrays.sort(sorted);
        this.near = Math.max(near, 1 - OF_USUAL * sorted[sorted.length / 2]);
    }

    /** All rows, or as many of them, drawn by the seed; in order. */
    private int[] some(int rows, long most, String stream) {
        if (rows <= most) {
            return IntStream.range(0, rows).toArray();
        }
        int[] order = Folds.shuffled(rows, RandomStreams.of(seed, "likeness, " + stream));
        int[] some = Arrays.copyOf(order, (int) most);
        Arrays.sort(some);
        return some;
    }

    private static float[][] rows(Part part, int[] which) {
        return IntStream.of(which).mapToObj(row -> part.rows()[row]).toArray(float[][]::new);
    }

    private Progress.Stage pairs(String what, int[] rows) {
        return progress.stage(what, "pairs of rows", (long) rows.length * references.length);
    }

    private boolean isCompared(int row) {
        return Arrays.binarySearch(compared, row) >= 0;
    }

    /** What a sentence says of rows that were left out, with a blank before it. */
    private static String ofSome(int compared, int all, String what) {
        return compared == all
                ? ""
                : " That rows are nearly the same was looked for in " + compared + " of " + all + " " + what
                        + ", drawn by the seed.";
    }

    Duplicates duplicates() {
        List<Duplicate> found = new ArrayList<>();
        Map<Integer, Duplicate> nearest = new HashMap<>();
        Copies copies = new Copies();
        for (int c = 0; c < compared.length; c++) {
            int i = compared[c];
            for (int k = 0; k < neighbors.rows()[c].length; k++) {
                int other = references[neighbors.rows()[c][k]];
                int later = Math.max(i, other);
                nearOne(train, later, Math.min(i, other), neighbors.cosines()[c][k])
                        .ifPresent(one -> nearest.merge(later, one, (a, b) -> a.cosine() >= b.cosine() ? a : b));
            }
        }
        for (int i = 0; i < train.size(); i++) {
            copies.of(train, i).or(nearestOf(nearest, i)).ifPresent(found::add);
            copies.add(i);
        }
        return new Duplicates(duplicatesAdvice(found), found);
    }

    private static Supplier<Optional<Duplicate>> nearestOf(Map<Integer, Duplicate> nearest, int row) {
        return () -> Optional.ofNullable(nearest.get(row));
    }

    private Advice duplicatesAdvice(List<Duplicate> found) {
        long contradictions = found.stream()
                .filter(one -> one.likeness() != Likeness.NEAR && !one.sameLabel())
                .count();
        Map<String, Object> evidence = evidence(found, train.size(), compared.length);
        evidence.put("contradictions", contradictions);
        double share = found.stream().filter(one -> isCompared(one.row())).count() / (double) compared.length;
        Answer answer = found.isEmpty()
                ? Answer.GOOD
                : contradictions > 0 || share >= MANY_DUPLICATES ? Answer.PROBLEM : Answer.CONSIDER;
        String sentence = found.isEmpty()
                ? "No training row repeats another."
                : DataExamination.count(found.size(), train.size(), "training rows")
                        + " repeat an earlier one, " + kinds(found)
                        + ": they weigh more than others, and divided between train and validation they leak"
                        + (contradictions > 0
                                ? ". " + contradictions + " have another label than their copy: correct those first."
                                : ". Keep one of each.");
        return new Advice(
                "duplicates", answer, sentence + ofSome(compared.length, train.size(), "training rows"), evidence);
    }

    Leakage leakage() {
        if (validation.size() == 0) {
            return new Leakage(Advice.cannotBeSaid("leakage", "no validation data was given"), List.of());
        }
        int[] asked = some(validation.size(), MOST_PAIRS / references.length, "rows of validation");
        NearestRows among =
                NearestRows.among(rows(validation, asked), rows(train, references), NEIGHBORS, pairs("leakage", asked));
        Copies copies = new Copies();
        IntStream.range(0, train.size()).forEach(copies::add);
        List<Duplicate> found = new ArrayList<>();
        for (int i = 0; i < validation.size(); i++) {
            int row = i;
            int place = Arrays.binarySearch(asked, i);
            copies.of(validation, i)
                    .or(() -> IntStream.range(0, place < 0 ? 0 : among.rows()[place].length)
                            .mapToObj(k -> nearOne(
                                    validation, row, references[among.rows()[place][k]], among.cosines()[place][k]))
                            .flatMap(Optional::stream)
                            .findFirst())
                    .ifPresent(found::add);
        }
        Map<String, Object> evidence = evidence(found, validation.size(), asked.length);
        boolean copied = found.stream().anyMatch(one -> one.likeness() != Likeness.NEAR);
        Answer answer = found.isEmpty()
                ? Answer.GOOD
                : copied || found.size() >= MANY_LEAKS * asked.length ? Answer.PROBLEM : Answer.CONSIDER;
        String sentence = found.isEmpty()
                ? "No validation row is among the training rows."
                : DataExamination.count(found.size(), validation.size(), "validation rows")
                        + " are among the training rows, too, " + kinds(found)
                        + ": what is measured on them is too good. Take them out of one of both.";
        return new Leakage(
                new Advice(
                        "leakage",
                        answer,
                        sentence + ofSome(asked.length, validation.size(), "validation rows"),
                        evidence),
                found);
    }

    private Map<String, Object> evidence(List<Duplicate> found, int all, int ofThem) {
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("rows", all);
        putCompared(evidence, ofThem, all);
        evidence.put("nearFromCosine", near);
        evidence.put("repeated", found.size());
        for (Likeness likeness : Likeness.values()) {
            evidence.put(likeness.name(), number(found, likeness));
        }
        evidence.put(
                "first",
                found.stream()
                        .limit(DataExamination.LISTED)
                        .map(LikenessQuestions::values)
                        .toList());
        return evidence;
    }

    private void putCompared(Map<String, Object> evidence, int ofThem, int all) {
        if (ofThem < all || references.length < train.size()) {
            evidence.put("compared", ofThem);
            evidence.put("comparedWith", references.length);
        }
    }

    private static Map<String, Object> values(Duplicate one) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("row", one.row());
        values.put("of", one.of());
        values.put("likeness", one.likeness().name());
        values.put("cosine", one.cosine());
        values.put("sameLabel", one.sameLabel());
        return values;
    }

    /** Where the upper whisker of a box plot ends (Tukey 1977). */
    private static double whisker(double[] ascending) {
        double lower = ascending[ascending.length / 4];
        double upper = ascending[3 * ascending.length / 4];
        return upper + 1.5 * (upper - lower);
    }

    /**
     * From which distance on each row is an outlier: beyond the whisker of all, or of its class if that is large enough to know what is
     * usual in it. What is unusual in a dense class only, and near others like most rows are, is none.
     */
    private double[] limits(double ofAll) {
        Map<List<String>, double[]> byClass = IntStream.range(0, compared.length)
                .boxed()
                .collect(Collectors.groupingBy(
                        i -> List.copyOf(train.labels().get(compared[i])),
                        Collectors.collectingAndThen(
                                Collectors.toList(),
                                rows -> rows.stream()
                                        .mapToDouble(i -> distances[i])
                                        .sorted()
                                        .toArray())));
        double far = sorted[3 * sorted.length / 4];
        return IntStream.range(0, compared.length)
                .mapToDouble(i -> {
                    double[] own = byClass.get(List.copyOf(train.labels().get(compared[i])));
                    return own.length < FEWEST_OF_CLASS ? ofAll : Math.min(ofAll, Math.max(far, whisker(own)));
                })
                .toArray();
    }

    private static long number(List<Duplicate> found, Likeness likeness) {
        return found.stream().filter(one -> one.likeness() == likeness).count();
    }

    private static String kinds(List<Duplicate> found) {
        return number(found, Likeness.SAME) + " exactly, " + number(found, Likeness.SAME_WORDS) + " in other spelling, "
                + number(found, Likeness.NEAR) + " nearly";
    }

    private Optional<Duplicate> nearOne(Part part, int row, int of, float cosine) {
        boolean isNear = cosine >= near
                || part.hasTexts()
                        && PlainText.areAlike(
                                part.plain().get(row), train.plain().get(of), SAME_CHARACTERS);
        return isNear ? Optional.of(duplicate(part, row, of, Likeness.NEAR, cosine)) : Optional.empty();
    }

    private Duplicate duplicate(Part part, int row, int of, Likeness likeness, double cosine) {
        boolean sameLabel =
                List.copyOf(part.labels().get(row)).equals(train.labels().get(of));
        return new Duplicate(row, of, likeness, Math.min(1, cosine), sameLabel);
    }

    /** Training rows by what a copy has in common with them, the first ones of equals. */
    private final class Copies {

        private final Map<Object, Integer> same = new HashMap<>();
        private final Map<String, Integer> words = new HashMap<>();

        void add(int row) {
            same.putIfAbsent(content(train, row), row);
            if (train.hasTexts()) {
                words.putIfAbsent(train.plain().get(row), row);
            }
        }

        Optional<Duplicate> of(Part part, int row) {
            Integer copy = same.get(content(part, row));
            if (copy != null) {
                return Optional.of(duplicate(part, row, copy, Likeness.SAME, 1));
            }
            Integer spelled = part.hasTexts() ? words.get(part.plain().get(row)) : null;
            return spelled == null
                    ? Optional.empty()
                    : Optional.of(duplicate(
                            part,
                            row,
                            spelled,
                            Likeness.SAME_WORDS,
                            InnerProducts.cosine(part.rows()[row], train.rows()[spelled])));
        }

        private static Object content(Part part, int row) {
            return part.hasTexts() ? part.texts().get(row) : new Values(part.given()[row]);
        }
    }

    /** Features as a key. Not a {@code FloatBuffer}: its hash cuts the fractions off, and most features are below 1. */
    private record Values(float[] values) {

        @Override
        public boolean equals(Object other) {
            return other instanceof Values that && Arrays.equals(values, that.values);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(values);
        }
    }

    Outliers outliers() {
        int count = train.size();
        if (count < FEWEST_ROWS) {
            return new Outliers(
                    Advice.cannotBeSaid(
                            "outliers",
                            count + " rows are too few to know what is usual, " + FEWEST_ROWS + " would be enough"),
                    List.of());
        }
        double limit = whisker(sorted);
        double[] limits = limits(limit);
        List<Outlier> found = IntStream.range(0, compared.length)
                .filter(i -> distances[i] > limits[i])
                .mapToObj(i -> new Outlier(compared[i], distances[i]))
                .sorted(Comparator.comparingDouble((Outlier one) -> -one.distance()))
                .toList();
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("rows", count);
        putCompared(evidence, compared.length, count);
        evidence.put("outliers", found.size());
        evidence.put("limit", limit);
        evidence.put("median", sorted[sorted.length / 2]);
        IntFunction<Map<String, Object>> values =
                i -> Map.of("row", found.get(i).row(), "distance", found.get(i).distance());
        evidence.put(
                "first",
                IntStream.range(0, Math.min(found.size(), DataExamination.LISTED))
                        .mapToObj(values)
                        .toList());
        String sentence = found.isEmpty()
                ? "No training row is far from all others."
                : DataExamination.count(found.size(), compared.length, "training rows")
                        + " are far from all others or from their class, first row "
                        + found.get(0).row() + ": read them; some may not belong to the task.";
        return new Outliers(
                new Advice(
                        "outliers",
                        found.isEmpty() ? Answer.GOOD : Answer.CONSIDER,
                        compared.length == count
                                ? sentence
                                : sentence + " " + compared.length + " of " + count
                                        + " rows, drawn by the seed, were looked at.",
                        evidence),
                found);
    }
}
