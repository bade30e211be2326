/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToDoubleBiFunction;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.text.TokenRows;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.serve.text.TextLimitException.Limit;

/**
 * What a request asks for, with any adapter: its inputs, and what becomes of the numbers that the encoder gives for each.
 *
 * @param <V> what comes of one row of tokens
 * @param <R> a result
 */
final class TextWork<V, R> {

    /** What becomes of the numbers of a row. */
    interface Reading<V> {

        V of(TaskEntry entry, int row, TokenizedText tokens, float[] numbers);
    }

    /** A row of tokens, and what becomes of its numbers. */
    record Row<V>(TokenizedText tokens, Function<float[], V> reading) {}

    private final String call;
    private final Set<TaskKind> kinds;
    private final boolean perToken;
    private final List<List<String>> texts;
    private final BiFunction<TaskEntry, Integer, TokenizedText> tokens;
    private final Reading<V> reading;
    private final Function<List<V>, List<R>> results;
    private final ToDoubleBiFunction<List<R>, List<R>> agreement;

    /**
     * Takes the parts.
     *
     * @param call for messages
     * @param kinds of the adapters that can do it
     * @param perToken whether the vectors of all tokens are asked for, not that of the text
     * @param texts what a user would call the texts of each row, for checks
     * @param tokens a row by its index
     * @param reading what becomes of its numbers
     * @param results what comes of all rows
     * @param agreement how far two lists of results agree, 0 to 1
     */
    TextWork(
            String call,
            Set<TaskKind> kinds,
            boolean perToken,
            List<List<String>> texts,
            BiFunction<TaskEntry, Integer, TokenizedText> tokens,
            Reading<V> reading,
            Function<List<V>, List<R>> results,
            ToDoubleBiFunction<List<R>, List<R>> agreement) {
        this.call = call;
        this.kinds = EnumSet.copyOf(kinds);
        this.perToken = perToken;
        this.texts = texts;
        this.tokens = tokens;
        this.reading = reading;
        this.results = results;
        this.agreement = agreement;
    }

    boolean perToken() {
        return perToken;
    }

    /** Refuses what no adapter could answer, before a text is looked at. */
    void check(TextLimits limits) {
        if (texts.size() > limits.texts()) {
            throw new TextLimitException(
                    Limit.TEXTS,
                    where() + texts.size() + " inputs; expected at most " + limits.texts()
                            + ". Ask several times, or raise texts of the limits.");
        }
        Problems problems = new Problems();
        problems.check(!texts.isEmpty(), "no input, expected one or more");
        List<Integer> empty = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            long characters = texts.get(i).stream().mapToLong(String::length).sum();
            if (characters > limits.characters()) {
                throw new TextLimitException(
                        Limit.CHARACTERS,
                        where() + "input " + i + " has " + characters + " characters; expected at most "
                                + limits.characters() + ". Cut it, or raise characters of the limits.");
            }
            if (texts.get(i).isEmpty() || texts.get(i).stream().anyMatch(String::isBlank)) {
                empty.add(i);
            }
        }
        problems.check(
                empty.isEmpty(),
                "input " + MessageText.numbers(empty) + (empty.size() == 1 ? " has" : " have")
                        + " an empty text, expected words");
        problems.throwIfAny("TextServer." + call);
    }

    /** The rows as an adapter reads them. */
    List<Row<V>> rows(TaskEntry entry, TextLimits limits, boolean truncate) {
        if (!kinds.contains(entry.kind())) {
            throw new WrongTaskException(call, entry.by().adapter(), entry.kind(), kinds);
        }
        List<Row<V>> rows = new ArrayList<>();
        List<TokenizedText> read = new ArrayList<>();
        long sum = 0;
        for (int i = 0; i < texts.size(); i++) {
            TokenizedText row = tokens.apply(entry, i);
            if (row.cut() && !truncate) {
                throw new TextLimitException(
                        Limit.LENGTH,
                        where() + "input " + i + " has more than "
                                + entry.encoder().maxLength()
                                + " tokens, which is all that the encoder reads; expected a shorter one. Cut it, or let the server"
                                + " do it by truncating(true).");
            }
            sum += row.length();
            if (sum > limits.tokens()) {
                throw new TextLimitException(
                        Limit.TOKENS,
                        where() + "the inputs up to " + i + " have " + sum + " tokens; expected at most "
                                + limits.tokens() + " in all. Ask several times, or raise tokens of the limits.");
            }
            int index = i;
            read.add(row);
            rows.add(new Row<>(row, numbers -> reading.of(entry, index, row, numbers)));
        }
        TokenRows.requireFit(
                "TextServer." + call, read, entry.encoder().weights().config());
        return rows;
    }

    private String where() {
        return "TextServer." + call + ": ";
    }

    List<R> results(List<V> rows) {
        return results.apply(rows);
    }

    double agreement(List<R> returned, List<R> candidate) {
        return agreement.applyAsDouble(returned, candidate);
    }
}
