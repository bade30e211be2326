/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What each token of a text adds to what a model says of it: the tokens add up to {@link #value} less {@link #baselineValue}.
 *
 * @param text the text
 * @param output what is explained, for instance {@code score of "card_arrival"}
 * @param value the output for the text
 * @param baselineValue the output for the baseline
 * @param baseline what the tokens were replaced by, for instance {@code [PAD]}
 * @param tokens the tokens of the text in their order, without special ones and those of an encoder's prefix, which the
 *     baseline keeps, so that they add nothing
 * @param words the same, the tokens of a word together
 * @param gradients how many gradients it took
 * @apiNote Status: experimental
 */
public record Attribution(
        String text,
        String output,
        double value,
        double baselineValue,
        String baseline,
        List<Span> tokens,
        List<Span> words,
        int gradients) {

    private static final int WIDEST_BAR = 20;

    /**
     * A piece of the text with what it adds.
     *
     * @param text the characters
     * @param from where it begins in the text, in Java characters; -1 if the tokenizer does not tell
     * @param to where it ends
     * @param value what it adds to the output
     * @apiNote Status: experimental
     */
    public record Span(String text, int from, int to, double value) {

        Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("text", text);
            fields.put("from", from);
            fields.put("to", to);
            fields.put("value", value);
            return fields;
        }
    }

    /**
     * Copies the lists.
     *
     * @param text as in the record
     * @param output as in the record
     * @param value as in the record
     * @param baselineValue as in the record
     * @param baseline as in the record
     * @param tokens as in the record
     * @param words as in the record
     * @param gradients as in the record
     */
    public Attribution {
        Objects.requireNonNull(text, "Attribution: text is null");
        tokens = List.copyOf(tokens);
        words = List.copyOf(words);
    }

    /**
     * All attributions together.
     *
     * @return the sum of the tokens, which is {@link #value} less {@link #baselineValue} within the tolerance
     */
    public double sum() {
        return tokens.stream().mapToDouble(Span::value).sum();
    }

    /**
     * All as JSON.
     *
     * @return an object, on several lines
     */
    public String json() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("text", text);
        fields.put("output", output);
        fields.put("value", value);
        fields.put("baseline", baseline);
        fields.put("baselineValue", baselineValue);
        fields.put("tokens", tokens.stream().map(Span::fields).toList());
        fields.put("words", words.stream().map(Span::fields).toList());
        fields.put("gradients", gradients);
        return JsonObjects.write(fields);
    }

    /** The change of the output, then a line for each word, with a bar as long as it counts. */
    @Override
    public String toString() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT, "%s: %.4f where all is %s, %.4f for the text", output, baselineValue, baseline, value));
        double most =
                words.stream().mapToDouble(word -> Math.abs(word.value())).max().orElse(0);
        for (Span word : words) {
            int length = most == 0 ? 0 : (int) Math.round(WIDEST_BAR * Math.abs(word.value()) / most);
            String bar = (word.value() < 0 ? "-" : "+").repeat(length);
            lines.add(String.format(Locale.ROOT, "  %+8.4f  %s %s", word.value(), bar, word.text()));
        }
        return String.join("\n", lines);
    }
}
