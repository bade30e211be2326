/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.PreflightRule;

/**
 * Examples of a user, looked through before anything is computed: none is null, none has an empty text or label, and labels are
 * without white space at their ends. What is wrong with many is one problem that names all of them.
 *
 * @param name what the user calls the list, such as {@code train}
 * @param examples those that are good
 * @param rows where in the user's list each of them is
 * @param <E> an example
 */
record CheckedExamples<E>(String name, List<E> examples, List<Integer> rows) {

    /**
     * Looks through a list.
     *
     * @param skipEmpty whether examples with empty texts are left out and noted, not refused
     * @param problems gets what is wrong
     * @param notes gets what was changed
     */
    static <I, E> CheckedExamples<E> of(
            ExampleSpec<I, E, ?, ?> spec,
            TaskInputs<I, E> inputs,
            List<E> given,
            String name,
            boolean skipEmpty,
            Problems problems,
            List<String> notes) {
        return of(
                example -> inputs.isEmpty(spec.input(example)),
                spec::tidy,
                spec::labels,
                given,
                name,
                skipEmpty,
                problems,
                notes);
    }

    /** The same for examples that belong to no task: what is empty in them, how they are tidied, and the labels that they have. */
    static <E> CheckedExamples<E> of(
            Predicate<E> isEmpty,
            UnaryOperator<E> tidied,
            Function<E, List<String>> labels,
            List<E> given,
            String name,
            boolean skipEmpty,
            Problems problems,
            List<String> notes) {
        List<E> examples = new ArrayList<>();
        List<Integer> rows = new ArrayList<>();
        List<Integer> missing = new ArrayList<>();
        List<Integer> empty = new ArrayList<>();
        List<Integer> unnamed = new ArrayList<>();
        List<Integer> trimmed = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            E example = given.get(i);
            if (example == null) {
                missing.add(i);
                continue;
            }
            if (isEmpty.test(example)) {
                empty.add(i);
                continue;
            }
            E tidy = tidied.apply(example);
            if (tidy != example && !tidy.equals(example)) {
                trimmed.add(i);
            }
            if (labels.apply(tidy).contains("")) {
                unnamed.add(i);
            }
            examples.add(tidy);
            rows.add(i);
        }
        add(problems, name, missing, "is null", "are null", "expected an example");
        if (skipEmpty && !empty.isEmpty()) {
            notes.add(leftOut(name, empty));
        } else {
            add(
                    problems,
                    name,
                    empty,
                    "is an empty text",
                    "are " + empty.size() + " empty texts",
                    "expected words; skipEmpty() on the builder leaves them out");
        }
        add(
                problems,
                name,
                unnamed,
                "has an empty label",
                "have an empty label",
                "expected a word; leave it out, or give it a label such as \"none\"");
        if (!trimmed.isEmpty()) {
            notes.add(at(name, trimmed) + ": white space around "
                    + (trimmed.size() == 1 ? "a label" : "the labels of " + trimmed.size() + " examples")
                    + " was left out");
        }
        return new CheckedExamples<>(name, List.copyOf(examples), List.copyOf(rows));
    }

    static String leftOut(String name, List<Integer> empty) {
        return at(name, empty) + ": " + (empty.size() == 1 ? "an empty text was" : empty.size() + " empty texts were")
                + " left out";
    }

    /** Adds inputs that nothing can be computed of. */
    static <I> void checkInputs(String name, List<? extends I> all, TaskInputs<I, ?> inputs, Problems problems) {
        checkInputs(name, all, inputs::isEmpty, inputs.words().one(), "an empty text", problems);
    }

    /** The same for texts that belong to no task. */
    static <I> void checkInputs(
            String name, List<? extends I> inputs, Predicate<I> isEmpty, String one, String empty, Problems problems) {
        List<Integer> missing = new ArrayList<>();
        List<Integer> blank = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            I input = inputs.get(i);
            if (input == null) {
                missing.add(i);
            } else if (isEmpty.test(input)) {
                blank.add(i);
            }
        }
        checkInputs(name, missing, "null, expected " + one, problems);
        checkInputs(name, blank, empty + ", expected words", problems);
    }

    private static void checkInputs(String name, List<Integer> at, String what, Problems problems) {
        problems.check(
                at.isEmpty(),
                (at.size() == 1 ? name + " " : name + "s ")
                        + MessageText.numbers(at)
                        + (at.size() == 1 ? " is " : " are ")
                        + what);
    }

    /** Examples that are in both parts, by what is equal for equal inputs. */
    static <E> Preflight inBothParts(
            Preflight start,
            CheckedExamples<E> train,
            CheckedExamples<E> validation,
            Function<E, Object> identity,
            String inputs) {
        Map<Object, Integer> known = new LinkedHashMap<>();
        for (int i = 0; i < train.examples().size(); i++) {
            known.putIfAbsent(
                    identity.apply(train.examples().get(i)), train.rows().get(i));
        }
        List<String> twice = new ArrayList<>();
        for (int i = 0; i < validation.examples().size(); i++) {
            Integer at = known.get(identity.apply(validation.examples().get(i)));
            if (at != null) {
                twice.add("train[" + at + "] = validation[" + validation.rows().get(i) + "]");
            }
        }
        return start.with(
                !twice.isEmpty(),
                PreflightRule.IN_BOTH_PARTS,
                twice.size() + " " + inputs
                        + " of the validation part are in the training part, too, so scores on it are too high: "
                        + MessageText.values(twice));
    }

    /** Examples that were looked through as part of others. */
    static <E> CheckedExamples<E> part(String name, List<E> examples) {
        return new CheckedExamples<>(
                name, examples, IntStream.range(0, examples.size()).boxed().toList());
    }

    /** Adds what no example can be learned or judged by: what targets say, and labels that they do not know. */
    void check(Targets<?, E, ?> targets, Problems problems) {
        Map<String, List<Integer>> unknown = new LinkedHashMap<>();
        for (int i = 0; i < examples.size(); i++) {
            E example = examples.get(i);
            int row = rows.get(i);
            targets.check(example, name + "[" + row + "]", problems);
            targets.unknown(example).stream()
                    .distinct()
                    .forEach(label -> unknown.computeIfAbsent(label, at -> new ArrayList<>())
                            .add(row));
        }
        unknown.forEach((label, at) -> problems.add(at(name, at) + (at.size() == 1 ? " has the " : " have the ")
                + targets.what() + " " + MessageText.name(label)
                + ", which no example to learn from has, expected one of "
                + Problems.quoted(targets.names()) + ClosestNames.hint(label, targets.names())));
    }

    private static void add(
            Problems problems, String name, List<Integer> rows, String one, String many, String expected) {
        if (!rows.isEmpty()) {
            problems.add(at(name, rows) + " " + (rows.size() == 1 ? one : many) + ", " + expected);
        }
    }

    private static String at(String name, List<Integer> rows) {
        return name + "[" + MessageText.numbers(rows) + "]";
    }
}
