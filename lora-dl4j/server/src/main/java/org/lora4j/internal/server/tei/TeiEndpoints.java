/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.tei;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.lora4j.internal.http.Endpoints;
import org.lora4j.internal.http.ErrorShape;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.http.HttpRoute;
import org.lora4j.internal.http.JsonFields;
import org.lora4j.internal.server.ModelCatalog;
import org.lora4j.internal.server.tei.TeiFields.PredictInputs;
import org.lora4j.serve.text.ClassScores;
import org.lora4j.serve.text.PassageScore;
import org.lora4j.serve.text.RequestOptions;
import org.lora4j.serve.text.TaskKind;
import org.lora4j.serve.text.TextAnswer;
import org.lora4j.serve.text.TextInput;
import org.lora4j.serve.text.TextServer;
import org.lora4j.serve.text.VectorOptions;

/**
 * What Text Embeddings Inference answers, word for word.
 *
 * @apiNote Status: internal
 */
public final class TeiEndpoints implements Endpoints {

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final ModelCatalog catalog;
    private final TeiInfo info;

    /**
     * Endpoints.
     *
     * @param requests how many requests are taken at the same time, which {@code /info} tells
     */
    public TeiEndpoints(ModelCatalog catalog, int requests) {
        this.catalog = catalog;
        this.info = new TeiInfo(requests);
    }

    @Override
    public List<HttpRoute> routes() {
        return List.of(
                HttpRoute.post("/embed", ErrorShape.TEI, this::embed),
                HttpRoute.post("/embed_all", ErrorShape.TEI, this::embedAll),
                HttpRoute.post("/embed_sparse", ErrorShape.TEI, this::embedSparse),
                HttpRoute.post("/predict", ErrorShape.TEI, this::predict),
                HttpRoute.post("/rerank", ErrorShape.TEI, this::rerank),
                HttpRoute.post("/v1/rerank", ErrorShape.TEI, this::rerank),
                HttpRoute.post("/similarity", ErrorShape.TEI, this::similarity),
                HttpRoute.post("/tokenize", ErrorShape.TEI, this::tokenize),
                HttpRoute.post("/decode", ErrorShape.TEI, this::decode),
                HttpRoute.get("/info", ErrorShape.TEI, this::info));
    }

    private static JsonFields fields(Exchange exchange) {
        return JsonFields.of(exchange.json(), Kind.UNPROCESSABLE);
    }

    private TextTarget target(Exchange exchange, JsonFields fields) {
        return TextTarget.of(catalog, exchange, fields.text("model"));
    }

    /** Answers with the results, and says in headers which adapter made them. */
    private static <T> void answer(
            Exchange exchange, CompletableFuture<TextAnswer<T>> future, Function<List<T>, JsonNode> body) {
        exchange.answerWith(future, answer -> {
            made(exchange, answer);
            return body.apply(answer.results());
        });
    }

    static void made(Exchange exchange, TextAnswer<?> answer) {
        exchange.tokens(answer.tokens(), 0);
        exchange.header("x-compute-type", "cpu");
        exchange.header("x-compute-tokens", Integer.toString(answer.tokens()));
        exchange.header("x-adapter-generation", Long.toString(answer.by().generation()));
        if (!answer.by().contentHash().isEmpty()) {
            exchange.header("x-adapter-hash", answer.by().contentHash());
        }
    }

    private void embed(Exchange exchange) {
        JsonFields fields = fields(exchange);
        TextTarget target = target(exchange, fields);
        TextServer server = target.server();
        List<String> texts = TeiFields.texts(server, fields, "inputs");
        VectorOptions vectors =
                TeiFields.vectors(server, fields, fields.flag("normalize").orElse(true));
        RequestOptions options = TeiFields.options(exchange, fields, Optional.empty());
        answer(exchange, server.embed(target.adapter(), texts, vectors, options), results -> {
            ArrayNode all = JSON.arrayNode(results.size());
            results.forEach(all::addPOJO);
            return all;
        });
    }

    private void embedAll(Exchange exchange) {
        JsonFields fields = fields(exchange);
        TextTarget target = target(exchange, fields);
        TextServer server = target.server();
        List<String> texts = TeiFields.texts(server, fields, "inputs");
        VectorOptions vectors = TeiFields.vectors(server, fields, false);
        RequestOptions options = TeiFields.options(exchange, fields, Optional.empty());
        answer(exchange, server.embedTokens(target.adapter(), texts, vectors, options), results -> {
            ArrayNode all = JSON.arrayNode(results.size());
            results.forEach(all::addPOJO);
            return all;
        });
    }

    private void embedSparse(Exchange exchange) {
        target(exchange, fields(exchange));
        throw new HttpProblem(Kind.WRONG_MODEL, "no model here gives sparse vectors; ask /embed for dense ones.");
    }

    private void predict(Exchange exchange) {
        JsonFields fields = fields(exchange);
        TextTarget target = target(exchange, fields);
        TextServer server = target.server();
        TaskKind kind = server.task(target.adapter()).kind();
        PredictInputs inputs = PredictInputs.of(server, fields);
        boolean raw = fields.flag("raw_scores").orElse(false);
        RequestOptions options = TeiFields.options(exchange, fields, Optional.empty());
        switch (kind) {
            case CLASSES, PAIR_CLASSES ->
                answer(
                        exchange,
                        server.classify(target.adapter(), inputs.inputs(), options),
                        results -> predictions(results, inputs, scores -> labels(scores, raw)));
            case NUMBER ->
                answer(
                        exchange,
                        server.regress(target.adapter(), singles(inputs), options),
                        results -> predictions(results, inputs, value -> one("LABEL_0", value)));
            default -> throw wrong(target, kind, "predicts no labels");
        }
    }

    private static List<String> singles(PredictInputs inputs) {
        List<String> texts = new ArrayList<>();
        for (TextInput input : inputs.inputs()) {
            if (input.second().isPresent()) {
                throw new HttpProblem(
                                Kind.UNPROCESSABLE, "inputs has a pair of texts; this model reads one text at a time.")
                        .param("inputs");
            }
            texts.add(input.first());
        }
        return texts;
    }

    private static HttpProblem wrong(TextTarget target, TaskKind kind, String lacks) {
        return new HttpProblem(
                        Kind.WRONG_MODEL,
                        "\"" + target.name() + "\" is for " + word(kind) + ", and " + lacks
                                + "; GET /adapters says what each adapter is for.")
                .param("model");
    }

    private static String word(TaskKind kind) {
        return kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static <T> JsonNode predictions(List<T> results, PredictInputs inputs, Function<T, ArrayNode> each) {
        if (inputs.single()) {
            return each.apply(results.get(0));
        }
        ArrayNode all = JSON.arrayNode(results.size());
        results.forEach(result -> all.add(each.apply(result)));
        return all;
    }

    private static ArrayNode labels(ClassScores scores, boolean raw) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < scores.labels().size(); i++) {
            order.add(i);
        }
        Function<Integer, Double> score = i -> raw ? scores.logits()[i] : scores.probabilities()[i];
        order.sort(Comparator.comparing(score).reversed());
        ArrayNode labels = JSON.arrayNode(order.size());
        order.forEach(i -> labels.add(prediction(scores.labels().get(i), score.apply(i))));
        return labels;
    }

    private static ArrayNode one(String label, double score) {
        return JSON.arrayNode().add(prediction(label, score));
    }

    private static ObjectNode prediction(String label, double score) {
        return JSON.objectNode().put("score", (float) score).put("label", label);
    }

    /** Of both protocols that have it: texts and their ranks, or documents and results. */
    private void rerank(Exchange exchange) {
        JsonFields fields = fields(exchange);
        TextTarget target = target(exchange, fields);
        TextServer server = target.server();
        String query = fields.requiredText("query", "a text");
        boolean documents = fields.value("documents").isPresent();
        String name = documents ? "documents" : "texts";
        List<String> texts = TeiFields.batch(server, name, fields.requiredTexts(name));
        boolean raw = fields.flag("raw_scores").orElse(false);
        boolean withText =
                fields.flag(documents ? "return_documents" : "return_text").orElse(false);
        int most = fields.integer("top_n", 1, Integer.MAX_VALUE).orElse(texts.size());
        TaskKind kind = server.task(target.adapter()).kind();
        if (kind != TaskKind.RELEVANCE) {
            throw wrong(target, kind, "ranks no texts");
        }
        RequestOptions options = TeiFields.options(exchange, fields, Optional.empty());
        answer(exchange, server.rerank(target.adapter(), query, texts, options), results -> {
            List<PassageScore> best = new ArrayList<>(results);
            Function<PassageScore, Double> score = one -> raw ? one.logit() : one.score();
            best.sort(Comparator.comparing(score).reversed());
            ArrayNode ranks = JSON.arrayNode(best.size());
            for (PassageScore one : best.subList(0, Math.min(most, best.size()))) {
                ObjectNode rank = ranks.addObject().put("index", one.index());
                rank.put(
                        documents ? "relevance_score" : "score",
                        score.apply(one).floatValue());
                if (withText && documents) {
                    rank.putObject("document").put("text", texts.get(one.index()));
                } else if (withText) {
                    rank.put("text", texts.get(one.index()));
                }
            }
            return documents ? JSON.objectNode().put("model", target.name()).set("results", ranks) : ranks;
        });
    }

    private void similarity(Exchange exchange) {
        JsonFields fields = fields(exchange);
        TextTarget target = target(exchange, fields);
        TextServer server = target.server();
        JsonFields inputs = fields.object("inputs")
                .orElseThrow(() -> fields.problem("inputs", "is missing; expected source_sentence and sentences"));
        String source = inputs.requiredText("source_sentence", "a text");
        List<String> sentences = TeiFields.batch(server, "sentences", inputs.requiredTexts("sentences"));
        JsonFields parameters = fields.object("parameters").orElse(fields);
        VectorOptions vectors = TeiFields.vectors(server, parameters, false);
        RequestOptions options = TeiFields.options(exchange, parameters, Optional.empty());
        answer(exchange, server.similarity(target.adapter(), source, sentences, vectors, options), results -> {
            ArrayNode all = JSON.arrayNode(results.size());
            results.forEach(value -> all.add(value.floatValue()));
            return all;
        });
    }

    private void tokenize(Exchange exchange) {
        JsonFields fields = fields(exchange);
        TextServer server = target(exchange, fields).server();
        JsonNode node = fields.required("inputs", "a text or a list of texts");
        List<String> texts = node.isTextual() ? List.of(node.textValue()) : fields.texts("inputs", node);
        boolean special = fields.flag("add_special_tokens").orElse(true);
        String prompt = fields.text("prompt_name")
                .map(name -> server.encoder().prompts().get(name))
                .orElse("");
        TeiFields.vectors(server, fields, false);
        ArrayNode all = JSON.arrayNode();
        int most = server.limits().tokens();
        int tokens = 0;
        for (String text : TeiFields.batch(server, "inputs", texts)) {
            ArrayNode one = TeiTokens.of(server, prompt + text, special);
            tokens += one.size();
            if (tokens > most) {
                throw new HttpProblem(
                                Kind.TOO_LARGE,
                                "the texts have more than " + most + " tokens together; send fewer at once.")
                        .param("inputs");
            }
            all.add(one);
        }
        exchange.answer(all);
    }

    private void decode(Exchange exchange) {
        JsonFields fields = fields(exchange);
        TextServer server = target(exchange, fields).server();
        boolean skip = fields.flag("skip_special_tokens").orElse(true);
        JsonNode node = fields.required("ids", "a list of ids, or a list of lists");
        if (!node.isArray()) {
            throw fields.problem("ids", "is no list; expected a list of ids, or a list of lists");
        }
        List<JsonNode> lists = new ArrayList<>();
        if (!node.isEmpty() && node.get(0).isNumber()) {
            lists.add(node);
        } else {
            node.forEach(lists::add);
        }
        ArrayNode texts = JSON.arrayNode();
        for (JsonNode list : TeiFields.batch(server, "ids", lists)) {
            if (!list.isArray()) {
                throw fields.problem("ids", "has something that is no list of ids; expected lists alone");
            }
            texts.add(TeiFields.decoded(server, fields, "ids", TeiFields.ids(fields, "ids", list), skip));
        }
        exchange.answer(texts);
    }

    private void info(Exchange exchange) {
        exchange.answer(info.of(TextTarget.of(catalog, exchange, exchange.query("model"))));
    }
}
