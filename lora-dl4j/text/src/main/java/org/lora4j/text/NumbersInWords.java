/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What numbers of a head mean to people, where a task has no words of its own. */
final class NumbersInWords {

    private static final String NONE = "(none)";

    private NumbersInWords() {}

    static String of(Targets<?, ?, ?> targets, float[] target, float[] numbers) {
        List<String> names = targets.names();
        return switch (targets.head()) {
            case ONE_CLASS -> names.get(highest(numbers, 0, names.size()));
            case SEVERAL_CLASSES -> joined(aboveZero(names, numbers), ", ");
            case TAGS -> joined(tags(names, target, numbers), " ");
            case NUMBER, NONE -> number(numbers[0]);
        };
    }

    /** Digits enough to tell two apart, and no more. */
    static String number(double value) {
        return String.format(Locale.ROOT, "%.4g", value);
    }

    private static String joined(List<String> words, String between) {
        return words.isEmpty() ? NONE : String.join(between, words);
    }

    private static List<String> aboveZero(List<String> names, float[] numbers) {
        List<String> above = new ArrayList<>();
        for (int i = 0; i < numbers.length; i++) {
            if (numbers[i] > 0) {
                above.add(names.get(i));
            }
        }
        return above;
    }

    /** Of tokens that have a tag. */
    private static List<String> tags(List<String> names, float[] target, float[] numbers) {
        List<String> tags = new ArrayList<>();
        for (int from = 0; from < target.length; from += names.size()) {
            if (target[from + highest(target, from, names.size())] > 0) {
                tags.add(names.get(highest(numbers, from, names.size())));
            }
        }
        return tags;
    }

    private static int highest(float[] numbers, int from, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            best = numbers[from + i] > numbers[from + best] ? i : best;
        }
        return best;
    }
}
