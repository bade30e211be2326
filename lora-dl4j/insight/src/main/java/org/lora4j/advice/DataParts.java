/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.advice.PlainText;
import org.lora4j.internal.advice.StandardRows;
import org.lora4j.text.EncoderTask;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.Progress;

/**
 * The data that is examined, checked and brought to one form.
 *
 * @param train what is learned from
 * @param validation what is chosen by; may have no rows
 * @param served what will come in use; may have no rows, has no labels
 * @param longestText how many tokens of a text are read; empty if there are no texts
 */
record DataParts(Part train, Part validation, Part served, OptionalInt longestText) {

    private static final String WHERE = "DataAdvisor.examine";
    private static final String SHIFT = "DataAdvisor.shift";

    /**
     * One part.
     *
     * @param given features as they were given
     * @param rows features in the units of the training rows: mean 0, deviation 1
     * @param labels the labels of each row
     * @param texts the text of each row; empty if there are none
     * @param plain the same in plain words
     * @param cut rows whose texts are cut
     */
    record Part(
            float[][] given,
            float[][] rows,
            List<List<String>> labels,
            List<String> texts,
            List<String> plain,
            List<Integer> cut) {

        boolean hasTexts() {
            return !texts.isEmpty();
        }

        int size() {
            return rows.length;
        }
    }

    static DataParts of(
            TextEncoder encoder,
            List<LabeledText> train,
            List<LabeledText> validation,
            List<String> served,
            Progress progress) {
        Problems problems = new Problems();
        checkPresent(problems, "train", train);
        checkPresent(problems, "validation", validation);
        checkPresent(problems, "served", served);
        problems.throwIfAny(WHERE);
        problems.atLeast("train: texts", train.size(), 2);
        checkNoNulls(problems, "train", train);
        checkNoNulls(problems, "validation", validation);
        checkNoNulls(problems, "served", served);
        problems.throwIfAny(WHERE);
        checkTexts(problems, "train", train.stream().map(LabeledText::text).toList());
        checkTexts(
                problems,
                "validation",
                validation.stream().map(LabeledText::text).toList());
        checkTexts(problems, "served", served);
        List<List<String>> trainLabels = train.stream().map(LabeledText::labels).toList();
        List<List<String>> validationLabels =
                validation.stream().map(LabeledText::labels).toList();
        checkLabels(problems, trainLabels, validationLabels);
        problems.throwIfAny(WHERE);
        List<String> trainTexts = train.stream().map(LabeledText::text).toList();
        List<String> validationTexts =
                validation.stream().map(LabeledText::text).toList();
        float[][] trainRows = encoder.embed(trainTexts, progress);
        float[][] validationRows = encoder.embed(validationTexts, progress);
        float[][] servedRows = encoder.embed(served, progress);
        StandardRows units = units(WHERE, problems, trainRows, validationRows, servedRows);
        return new DataParts(
                part(encoder, trainRows, units, trainLabels, trainTexts),
                part(encoder, validationRows, units, validationLabels, validationTexts),
                part(encoder, servedRows, units, List.of(), List.copyOf(served)),
                OptionalInt.of(encoder.maxLength()));
    }

    /** Texts are looked at as texts, examples of other tasks as what the encoder makes of them. */
    @SuppressWarnings("unchecked")
    static <E> DataParts of(EncoderTask<?, E, ?, ?, ?> task, List<E> train, List<E> validation, Progress progress) {
        if (task instanceof TextClassifier texts) {
            return of(texts.encoder(), (List<LabeledText>) train, (List<LabeledText>) validation, List.of(), progress);
        }
        return ofInputs(task, train, validation, progress);
    }

    private static <I, E> DataParts ofInputs(
            EncoderTask<I, E, ?, ?, ?> task, List<E> train, List<E> validation, Progress progress) {
        Problems problems = new Problems();
        checkPresent(problems, "train", train);
        checkPresent(problems, "validation", validation);
        problems.throwIfAny(WHERE);
        problems.atLeast("train: examples", train.size(), 2);
        checkNoNulls(problems, "train", train);
        checkNoNulls(problems, "validation", validation);
        problems.throwIfAny(WHERE);
        List<List<String>> trainLabels = train.stream().map(task.spec()::labels).toList();
        List<List<String>> validationLabels =
                validation.stream().map(task.spec()::labels).toList();
        checkLabels(problems, trainLabels, validationLabels);
        problems.throwIfAny(WHERE);
        float[][] trainRows = task.embed(train.stream().map(task.spec()::input).toList(), progress);
        float[][] validationRows =
                task.embed(validation.stream().map(task.spec()::input).toList(), progress);
        StandardRows units = units(WHERE, problems, trainRows, validationRows, new float[0][]);
        return new DataParts(
                part(trainRows, units, trainLabels),
                part(validationRows, units, validationLabels),
                part(new float[0][], units, List.of()),
                OptionalInt.empty());
    }

    private static Part part(
            TextEncoder encoder, float[][] given, StandardRows units, List<List<String>> labels, List<String> texts) {
        String prefix = encoder.prefixes().text();
        List<Integer> cut = IntStream.range(0, texts.size())
                .filter(i -> encoder.tokenizer().cuts(prefix + texts.get(i)))
                .boxed()
                .toList();
        List<String> plain = texts.stream().map(PlainText::of).toList();
        return new Part(given, units.of(given), labels, texts, plain, cut);
    }

    static DataParts of(LabeledFeatures train, LabeledFeatures validation, float[][] served) {
        Problems problems = new Problems();
        problems.check(train != null, "train is null, expected features");
        problems.check(validation != null, "validation is null, expected LabeledFeatures.NONE where there is none");
        problems.check(served != null, "served is null, expected no rows where there are none");
        problems.throwIfAny(WHERE);
        checkCount(problems, "train", train);
        checkCount(problems, "validation", validation);
        checkNoNulls(problems, "the labels of train", train.labels());
        checkNoNulls(problems, "the labels of validation", validation.labels());
        List<List<String>> trainLabels = lists(train.labels());
        List<List<String>> validationLabels = lists(validation.labels());
        checkLabels(problems, trainLabels, validationLabels);
        StandardRows units = units(WHERE, problems, train.features(), validation.features(), served);
        return new DataParts(
                part(train.features(), units, trainLabels),
                part(validation.features(), units, validationLabels),
                part(served, units, List.of()),
                OptionalInt.empty());
    }

    /** Features of what is learned from and of what comes in use, without labels: all that the question of a shift looks at. */
    static DataParts unlabeled(float[][] train, float[][] served) {
        Problems problems = new Problems();
        problems.check(train != null, "train is null, expected features");
        problems.check(served != null, "served is null, expected no rows where there are none");
        problems.throwIfAny(SHIFT);
        StandardRows units = units(SHIFT, problems, train, new float[0][], served);
        return new DataParts(
                part(train, units, List.of()),
                part(new float[0][], units, List.of()),
                part(served, units, List.of()),
                OptionalInt.empty());
    }

    private static Part part(float[][] given, StandardRows units, List<List<String>> labels) {
        return new Part(given, units.of(given), labels, List.of(), List.of(), List.of());
    }

    private static List<List<String>> lists(List<String> labels) {
        return labels.stream().filter(Objects::nonNull).map(List::of).toList();
    }

    private static void checkPresent(Problems problems, String name, List<?> part) {
        problems.check(part != null, name + " is null, expected a list, empty where there is nothing");
    }

    private static void checkNoNulls(Problems problems, String name, List<?> part) {
        for (int i = 0; i < part.size() && !problems.isFull(); i++) {
            problems.check(part.get(i) != null, name + "[" + i + "] is null");
        }
    }

    /** Names all rows that have no words, of which an encoder would make vectors all the same. */
    static void checkTexts(Problems problems, String name, List<String> texts) {
        List<Integer> empty = IntStream.range(0, texts.size())
                .filter(i -> texts.get(i).isBlank())
                .boxed()
                .toList();
        problems.check(
                empty.isEmpty(),
                name + "[" + MessageText.numbers(empty) + "] "
                        + (empty.size() == 1 ? "is an empty text" : "are " + empty.size() + " empty texts")
                        + ", expected words; leave such rows out");
    }

    private static void checkCount(Problems problems, String name, LabeledFeatures part) {
        problems.check(
                part.features().length == part.labels().size(),
                name + " has " + part.features().length + " rows and "
                        + part.labels().size() + " labels, expected a label for each row");
    }

    private static void checkLabels(Problems problems, List<List<String>> train, List<List<String>> validation) {
        checkSomeLabel(problems, "train", train);
        checkSomeLabel(problems, "validation", validation);
        List<String> different =
                train.stream().flatMap(List::stream).distinct().limit(2).toList();
        problems.check(
                different.size() != 1,
                "all of train have the label "
                        + MessageText.name(different.stream().findFirst().orElse(""))
                        + ", expected two classes or more");
    }

    private static void checkSomeLabel(Problems problems, String name, List<List<String>> labels) {
        for (int i = 0; i < labels.size() && !problems.isFull(); i++) {
            problems.check(!labels.get(i).isEmpty(), name + "[" + i + "] has no label, expected one or more");
        }
    }

    /** Checks the features of all parts and measures those to learn from; throws if anything was wrong with the input. */
    private static StandardRows units(
            String where, Problems problems, float[][] train, float[][] validation, float[][] served) {
        problems.atLeast("train: rows", train.length, 2);
        int width = train.length == 0 || train[0] == null ? 0 : train[0].length;
        problems.check(train.length == 0 || width > 0, "train[0] has no features, expected one or more in each row");
        checkRows(problems, "train", train, width);
        checkRows(problems, "validation", validation, width);
        checkRows(problems, "served", served, width);
        problems.throwIfAny(where);
        StandardRows units = new StandardRows(train);
        problems.check(
                units.changing() > 0, "all rows of train have the same features, expected some that tell them apart");
        problems.throwIfAny(where);
        return units;
    }

    private static void checkRows(Problems problems, String name, float[][] rows, int width) {
        for (int i = 0; i < rows.length && !problems.isFull(); i++) {
            String where = name + "[" + i + "]";
            if (rows[i] == null) {
                problems.add(where + " is null, expected features");
            } else if (rows[i].length != width) {
                problems.add(where + " has " + rows[i].length + " features, expected " + width + " as train[0]");
            } else {
                checkFinite(problems, where, rows[i]);
            }
        }
    }

    private static void checkFinite(Problems problems, String where, float[] row) {
        List<Integer> wrong = new ArrayList<>();
        for (int j = 0; j < row.length; j++) {
            if (!Float.isFinite(row[j])) {
                wrong.add(j);
            }
        }
        if (!wrong.isEmpty()) {
            problems.add(where + "[" + wrong.get(0) + "] = " + row[wrong.get(0)]
                    + (wrong.size() > 1 ? " and " + (wrong.size() - 1) + " more of the row" : "")
                    + ", expected finite numbers");
        }
    }
}
