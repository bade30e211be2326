/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.inference;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.serve.text.ClassScores;
import org.lora4j.serve.text.LoadedTask;
import org.lora4j.serve.text.PassageScore;
import org.lora4j.serve.text.RequestOptions;
import org.lora4j.serve.text.TaskKind;
import org.lora4j.serve.text.TextAnswer;
import org.lora4j.serve.text.TextInput;
import org.lora4j.serve.text.TextServer;
import org.lora4j.serve.text.VectorOptions;
import org.lora4j.text.LabeledWords;

/**
 * A task of texts: {@code text} goes in, and {@code text_pair} beside it where it reads pairs.
 *
 * @param server the encoder
 * @param adapter an adapter of it, an alias, or its base
 * @param name what the client calls it
 */
record TextModel(TextServer server, String adapter, String name) implements InferenceModel {

    private static final String TEXT = "text";
    private static final String PAIR = "text_pair";

    private LoadedTask task() {
        return server.task(adapter);
    }

    @Override
    public String version() {
        return Long.toString(task().by().generation());
    }

    @Override
    public String platform() {
        return "lora4j_text";
    }

    private static boolean readsPairs(TaskKind kind) {
        return kind == TaskKind.PAIR_CLASSES || kind == TaskKind.RELEVANCE;
    }

    @Override
    public List<ObjectNode> inputs() {
        List<ObjectNode> inputs = new ArrayList<>();
        inputs.add(Tensors.described(TEXT, Tensors.TEXTS, -1));
        if (readsPairs(task().kind())) {
            inputs.add(Tensors.described(PAIR, Tensors.TEXTS, -1));
        }
        return inputs;
    }

    @Override
    public List<ObjectNode> outputs() {
        LoadedTask task = task();
        return switch (task.kind()) {
            case CLASSES, PAIR_CLASSES ->
                List.of(
                        Tensors.described("label", Tensors.TEXTS, -1),
                        Tensors.described(
                                "probabilities", "FP64", -1, task.labels().size()));
            case TAGS -> List.of(Tensors.described("tags", Tensors.TEXTS, -1));
            case NUMBER -> List.of(Tensors.described("value", "FP64", -1));
            case RELEVANCE -> List.of(Tensors.described("score", "FP64", -1));
            case VECTORS ->
                List.of(Tensors.described(
                        "embedding", "FP32", -1, server.encoder().dimension()));
        };
    }

    @Override
    public CompletableFuture<Outputs> infer(Exchange exchange, List<Tensors.Given> inputs) {
        TaskKind kind = task().kind();
        List<String> texts = texts(inputs, TEXT)
                .orElseThrow(() -> new HttpProblem(Kind.BAD_REQUEST, "input \"" + TEXT + "\" is missing."));
        Optional<List<String>> pairs = texts(inputs, PAIR);
        check(inputs, kind, texts, pairs);
        RequestOptions options =
                exchange.header("x-user").map(RequestOptions.usual()::withKey).orElseGet(RequestOptions::usual);
        return switch (kind) {
            case CLASSES, PAIR_CLASSES ->
                outputs(exchange, server.classify(adapter, joined(texts, pairs), options), TextModel::classes);
            case TAGS -> {
                List<List<String>> words =
                        texts.stream().map(LabeledWords::split).toList();
                yield outputs(
                        exchange,
                        server.tag(adapter, words, options),
                        found -> List.of(Tensors.written(
                                "tags",
                                found.stream()
                                        .map(one -> String.join(" ", one.tags()))
                                        .toList())));
            }
            case NUMBER ->
                outputs(
                        exchange,
                        server.regress(adapter, texts, options),
                        found -> List.of(Tensors.written(
                                "value",
                                found.stream().mapToDouble(Double::doubleValue).toArray(),
                                found.size())));
            case RELEVANCE ->
                outputs(
                        exchange,
                        server.rerank(adapter, joined(texts, pairs), options),
                        found -> List.of(Tensors.written(
                                "score",
                                found.stream().mapToDouble(PassageScore::score).toArray(),
                                found.size())));
            case VECTORS ->
                outputs(
                        exchange,
                        server.embed(adapter, texts, VectorOptions.usual(), options),
                        found -> List.of(Tensors.written("embedding", found, found.get(0).length)));
        };
    }

    private static Optional<List<String>> texts(List<Tensors.Given> inputs, String name) {
        return inputs.stream()
                .filter(input -> input.name().equals(name))
                .map(Tensors.Given::texts)
                .findFirst();
    }

    private static void check(
            List<Tensors.Given> inputs, TaskKind kind, List<String> texts, Optional<List<String>> pairs) {
        for (Tensors.Given input : inputs) {
            if (!input.name().equals(TEXT) && !(input.name().equals(PAIR) && readsPairs(kind))) {
                throw input.problem("is no input of this model; expected \"" + TEXT + "\""
                        + (readsPairs(kind) ? " and \"" + PAIR + "\"" : ""));
            }
        }
        if (readsPairs(kind) && pairs.map(List::size).orElse(0) != texts.size()) {
            throw new HttpProblem(
                    Kind.BAD_REQUEST,
                    "input \"" + PAIR + "\" has " + pairs.map(List::size).orElse(0) + " texts; expected " + texts.size()
                            + ", one for each of \"" + TEXT + "\".");
        }
    }

    private static List<TextInput> joined(List<String> texts, Optional<List<String>> pairs) {
        List<TextInput> joined = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            joined.add(
                    pairs.isPresent() ? TextInput.of(texts.get(i), pairs.get().get(i)) : TextInput.of(texts.get(i)));
        }
        return joined;
    }

    private static <T> CompletableFuture<Outputs> outputs(
            Exchange exchange, CompletableFuture<TextAnswer<T>> answer, Function<List<T>, List<ObjectNode>> tensors) {
        exchange.whenGone(() -> answer.cancel(true));
        return answer.thenApply(found -> {
            exchange.tokens(found.tokens(), 0);
            return new Outputs(
                    tensors.apply(found.results()), Long.toString(found.by().generation()));
        });
    }

    private static List<ObjectNode> classes(List<ClassScores> found) {
        int labels = found.get(0).labels().size();
        double[] all = new double[found.size() * labels];
        for (int i = 0; i < found.size(); i++) {
            System.arraycopy(found.get(i).probabilities(), 0, all, i * labels, labels);
        }
        return List.of(
                Tensors.written("label", found.stream().map(TextModel::label).toList()),
                Tensors.written("probabilities", all, found.size(), labels));
    }

    /** The label, or the labels that are on. */
    private static String label(ClassScores scores) {
        return String.join(",", scores.prediction().labels());
    }
}
