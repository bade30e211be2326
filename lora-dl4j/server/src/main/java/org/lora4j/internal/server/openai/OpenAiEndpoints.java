/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.lora4j.internal.http.Endpoints;
import org.lora4j.internal.http.ErrorShape;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.http.HttpRoute;
import org.lora4j.internal.http.JsonFields;
import org.lora4j.internal.http.Metrics;
import org.lora4j.internal.server.LanguageModels;
import org.lora4j.internal.server.ModelEntry;
import org.lora4j.internal.server.ServedLanguageModel;
import org.lora4j.language.CausalLm;

/**
 * OpenAI's interface for language models: the models, texts that go on, and conversations. The name of an adapter is the model.
 * <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class OpenAiEndpoints implements Endpoints {

    private static final String MODEL = "model";

    private final LanguageModels models;
    private final LanguageMetrics metrics;
    private final Clock clock;
    private final RefusedFields refused = new RefusedFields();

    /** Endpoints over models that come and go. */
    public OpenAiEndpoints(LanguageModels models, Metrics metrics) {
        this.models = models;
        this.clock = Clock.systemUTC();
        this.metrics = new LanguageMetrics(metrics, clock);
    }

    @Override
    public List<HttpRoute> routes() {
        return List.of(
                HttpRoute.get("/v1/models", ErrorShape.OPENAI, this::list),
                HttpRoute.get("/v1/models/{model}", ErrorShape.OPENAI, this::one),
                HttpRoute.post("/v1/completions", ErrorShape.OPENAI, exchange -> {
                    JsonFields fields = fields(exchange);
                    answer(exchange, fields, new CompletionShape(), model -> CompletionFields.read(fields, model));
                }),
                HttpRoute.post("/v1/chat/completions", ErrorShape.OPENAI, exchange -> {
                    JsonFields fields = fields(exchange);
                    answer(exchange, fields, new ChatShape(), model -> ChatFields.read(fields, model));
                }));
    }

    /** Reads what a request asks of a model. */
    @FunctionalInterface
    private interface Reader {
        CompletionRequest read(ServedLanguageModel model);
    }

    private static JsonFields fields(Exchange exchange) {
        return JsonFields.of(exchange.json(), Kind.BAD_REQUEST);
    }

    private void answer(Exchange exchange, JsonFields fields, ReplyShape shape, Reader reader) {
        String name = fields.requiredText(MODEL, "the name of a model or an adapter");
        ServedLanguageModel served = models.find(name, fields.text("user").or(() -> exchange.header("x-user")))
                .orElseThrow(() -> HttpProblem.unknownModel(name, models.names()));
        exchange.model(served.name());
        CompletionRequest asked = reader.read(served);
        refused.check(fields);
        new Reply(
                        exchange,
                        models,
                        served,
                        name,
                        shape,
                        asked,
                        new ReplyTimes(metrics, served.name()),
                        clock.millis() / 1000)
                .submit();
    }

    private void list(Exchange exchange) {
        ObjectNode answer = JsonNodeFactory.instance.objectNode().put("object", "list");
        ArrayNode data = answer.putArray("data");
        Map<String, Integer> lengths = lengths();
        models.entries().forEach(entry -> data.add(json(entry, lengths)));
        exchange.answer(answer);
    }

    private void one(Exchange exchange) {
        String name = exchange.pathValue(MODEL);
        Map<String, Integer> lengths = lengths();
        exchange.answer(models.entries().stream()
                .filter(entry -> entry.id().equals(name))
                .findFirst()
                .map(entry -> json(entry, lengths))
                .orElseThrow(() -> HttpProblem.unknownModel(name, models.names())));
    }

    /** The longest texts of language models, by the names of their bases. */
    private Map<String, Integer> lengths() {
        Map<String, Integer> lengths = new HashMap<>();
        models.hosts().forEach(host -> lengths.put(host.name(), host.server().longestText()));
        return lengths;
    }

    /** A model as vLLM tells it. */
    private static ObjectNode json(ModelEntry entry, Map<String, Integer> lengths) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("id", entry.id())
                .put("object", MODEL)
                .put("created", entry.created())
                .put("owned_by", "lora4j")
                .put("root", entry.root())
                .put("parent", entry.parent().orElse(null))
                .put("max_model_len", lengths.get(entry.parent().orElse(entry.id())));
        json.putArray("permission");
        return json;
    }

    /** The longest text, prompt and new tokens together. */
    static int longest(ServedLanguageModel served) {
        return served.server().longestText();
    }

    /** What makes prompts; a model without it serves none. */
    static <T> T required(ServedLanguageModel served, String field, Function<CausalLm, T> part) {
        try {
            return part.apply(served.server().model());
        } catch (IllegalStateException e) {
            throw new HttpProblem(Kind.BAD_REQUEST, String.valueOf(e.getMessage())).param(field);
        }
    }
}
