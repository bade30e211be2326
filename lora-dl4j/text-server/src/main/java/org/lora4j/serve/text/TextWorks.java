/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.internal.array.InnerProducts;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.text.Prediction;
import org.lora4j.text.TaggedWords;
import org.lora4j.text.TaskExporter;
import org.lora4j.text.TaskHead;
import org.lora4j.text.TextPair;
import org.lora4j.text.VectorSimilarity;

/** What can be asked for, one function for each kind of answer. */
final class TextWorks {

    private static final Set<TaskKind> ALL = EnumSet.allOf(TaskKind.class);

    private TextWorks() {}

    /** Labels of texts or of pairs. */
    static TextWork<ClassScores, ClassScores> classify(List<TextInput> inputs) {
        boolean pairs = inputs.stream().anyMatch(input -> input.second().isPresent());
        return new TextWork<>(
                "classify",
                Set.of(pairs ? TaskKind.PAIR_CLASSES : TaskKind.CLASSES),
                false,
                inputs.stream()
                        .map(input -> Stream.concat(Stream.of(input.first()), input.second().stream())
                                .toList())
                        .toList(),
                (entry, i) -> pairs
                        ? entry.<TextPair, Prediction>head().tokens(pair(inputs.get(i)))
                        : entry.<String, Prediction>head().tokens(inputs.get(i).first()),
                (entry, i, tokens, vector) -> {
                    float[] numbers = entry.numbers(vector);
                    Prediction prediction = pairs
                            ? entry.<TextPair, Prediction>head().decode(pair(inputs.get(i)), tokens, numbers)
                            : entry.<String, Prediction>head()
                                    .decode(inputs.get(i).first(), tokens, numbers);
                    return scores(entry.head(), numbers, prediction);
                },
                Function.identity(),
                (one, other) -> shareOf(
                        one.size(),
                        i -> one.get(i)
                                .prediction()
                                .labels()
                                .equals(other.get(i).prediction().labels())));
    }

    private static TextPair pair(TextInput input) {
        // A text alone among pairs is one whose second text is missing: the check of empty texts names it.
        return new TextPair(input.first(), input.second().orElse(""));
    }

    private static ClassScores scores(TaskHead<?, ?> head, float[] numbers, Prediction prediction) {
        return new ClassScores(
                head.names(),
                numbers,
                head.names().stream()
                        .mapToDouble(label -> prediction.scores().get(label))
                        .toArray(),
                head.meaning() == TaskExporter.Head.SEVERAL_CLASSES,
                prediction);
    }

    /** Tags of words. */
    static TextWork<TaggedWords, TaggedWords> tag(List<List<String>> inputs) {
        return new TextWork<>(
                "tag",
                Set.of(TaskKind.TAGS),
                true,
                inputs,
                (entry, i) -> entry.<List<String>, TaggedWords>head().tokens(inputs.get(i)),
                (entry, i, tokens, vectors) ->
                        entry.<List<String>, TaggedWords>head().decode(inputs.get(i), tokens, entry.numbers(vectors)),
                Function.identity(),
                (one, other) -> shareOf(
                        one.size(), i -> one.get(i).tags().equals(other.get(i).tags())));
    }

    /** A number for each text. */
    static TextWork<Double, Double> regress(List<String> inputs) {
        return new TextWork<>(
                "regress",
                Set.of(TaskKind.NUMBER),
                false,
                single(inputs),
                (entry, i) -> entry.<String, Double>head().tokens(inputs.get(i)),
                (entry, i, tokens, vector) ->
                        entry.<String, Double>head().decode(inputs.get(i), tokens, entry.numbers(vector)),
                Function.identity(),
                TextWorks::nearNumbers);
    }

    /** How relevant passages are, each for the query before it. */
    static TextWork<PassageScore, PassageScore> rerank(List<TextInput> pairs) {
        return new TextWork<>(
                "rerank",
                Set.of(TaskKind.RELEVANCE),
                false,
                pairs.stream()
                        .map(pair -> List.of(pair.first(), pair(pair).second()))
                        .toList(),
                (entry, i) -> entry.<TextPair, Double>head().tokens(pair(pairs.get(i))),
                (entry, i, tokens, vector) -> {
                    float[] numbers = entry.numbers(vector);
                    double score = entry.<TextPair, Double>head().decode(pair(pairs.get(i)), tokens, numbers);
                    return new PassageScore(i, numbers[0], score);
                },
                Function.identity(),
                (one, other) -> sameOrder(pairs, one, other));
    }

    /** A vector for each text. */
    static TextWork<float[], float[]> embed(List<String> texts, VectorOptions vectors, boolean unitLength) {
        return new TextWork<>(
                "embed",
                ALL,
                false,
                single(texts),
                prefixed(texts, vectors),
                (entry, i, tokens, vector) -> vectors.apply(entry.checked(vector), unitLength),
                Function.identity(),
                (one, other) -> IntStream.range(0, one.size())
                        .mapToDouble(i -> cosine(one.get(i), other.get(i)))
                        .average()
                        .orElse(1));
    }

    /** The vectors of all tokens. */
    static TextWork<float[][], float[][]> embedTokens(List<String> texts, VectorOptions vectors) {
        return new TextWork<>(
                "embedTokens",
                ALL,
                true,
                single(texts),
                prefixed(texts, vectors),
                (entry, i, tokens, all) -> {
                    float[] checked = entry.checked(all);
                    int width = checked.length / tokens.length();
                    return IntStream.range(0, tokens.length())
                            .mapToObj(token -> vectors.apply(
                                    Arrays.copyOfRange(checked, token * width, (token + 1) * width), false))
                            .toArray(float[][]::new);
                },
                Function.identity(),
                (one, other) -> IntStream.range(0, one.size())
                        .mapToDouble(i -> IntStream.range(0, one.get(i).length)
                                .mapToDouble(token -> cosine(one.get(i)[token], other.get(i)[token]))
                                .average()
                                .orElse(1))
                        .average()
                        .orElse(1));
    }

    /** How near sentences are to another one, by what the encoder's vectors are compared by. */
    static TextWork<float[], Double> similarity(
            String source,
            List<String> sentences,
            VectorOptions vectors,
            boolean unitLength,
            VectorSimilarity similarity) {
        List<String> texts = new ArrayList<>(List.of(source));
        texts.addAll(sentences);
        return new TextWork<>(
                "similarity",
                ALL,
                false,
                single(texts),
                prefixed(texts, vectors),
                (entry, i, tokens, vector) -> vectors.apply(entry.checked(vector), unitLength),
                rows -> rows.subList(1, rows.size()).stream()
                        .map(row -> similarity.of(rows.get(0), row))
                        .toList(),
                TextWorks::nearNumbers);
    }

    private static List<List<String>> single(List<String> texts) {
        return texts.stream().map(List::of).toList();
    }

    private static BiFunction<TaskEntry, Integer, TokenizedText> prefixed(List<String> texts, VectorOptions vectors) {
        return (entry, i) -> entry.encoder().tokens(vectors.prefix(entry.encoder()), texts.get(i));
    }

    private static double shareOf(int all, IntPredicate same) {
        return all == 0 ? 1 : (double) IntStream.range(0, all).filter(same).count() / all;
    }

    /** The mean over numbers of one less their relative difference. */
    private static double nearNumbers(List<Double> one, List<Double> other) {
        return IntStream.range(0, one.size())
                .mapToDouble(i -> {
                    double largest = Math.max(Math.abs(one.get(i)), Math.abs(other.get(i)));
                    return largest == 0 ? 1 : Math.max(0, 1 - Math.abs(one.get(i) - other.get(i)) / largest);
                })
                .average()
                .orElse(1);
    }

    /** The share of passages of one query that both put in the same order, two by two; of one alone whether both call it relevant. */
    private static double sameOrder(List<TextInput> pairs, List<PassageScore> one, List<PassageScore> other) {
        long same = 0;
        long compared = 0;
        for (int i = 0; i < one.size(); i++) {
            String query = pairs.get(i).first();
            boolean alone = true;
            for (int j = 0; j < one.size(); j++) {
                if (j == i || !pairs.get(j).first().equals(query)) {
                    continue;
                }
                alone = false;
                if (j < i) {
                    int first = Float.compare(one.get(i).logit(), one.get(j).logit());
                    int second =
                            Float.compare(other.get(i).logit(), other.get(j).logit());
                    same += Integer.signum(first) == Integer.signum(second) ? 1 : 0;
                    compared++;
                }
            }
            if (alone) {
                same += one.get(i).logit() >= 0 == other.get(i).logit() >= 0 ? 1 : 0;
                compared++;
            }
        }
        return compared == 0 ? 1 : (double) same / compared;
    }

    private static double cosine(float[] one, float[] other) {
        return Math.min(1, Math.max(0, InnerProducts.cosine(one, other)));
    }
}
