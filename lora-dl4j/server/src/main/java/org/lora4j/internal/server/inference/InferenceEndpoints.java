/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.inference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.Endpoints;
import org.lora4j.internal.http.ErrorShape;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.http.HttpRoute;
import org.lora4j.internal.http.JsonFields;
import org.lora4j.internal.server.ArrayHost;
import org.lora4j.internal.server.ModelCatalog;
import org.lora4j.internal.server.ModelCatalog.Found;
import org.lora4j.internal.server.ModelHost;
import org.lora4j.internal.server.TextHost;
import org.lora4j.trust.LibraryVersion;

/**
 * The Open Inference Protocol: metadata and {@code infer}. Versions of a model are generations of its adapter.
 *
 * @apiNote Status: internal
 */
public final class InferenceEndpoints implements Endpoints {

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String NAME = "name";
    private static final String VERSION = "version";

    private final ModelCatalog catalog;

    public InferenceEndpoints(ModelCatalog catalog) {
        this.catalog = catalog;
    }

    @Override
    public List<HttpRoute> routes() {
        List<HttpRoute> routes = new ArrayList<>();
        routes.add(HttpRoute.get("/v2", ErrorShape.INFERENCE, this::server));
        for (String model : List.of("/v2/models/{name}", "/v2/models/{name}/versions/{version}")) {
            routes.add(HttpRoute.get(model, ErrorShape.INFERENCE, this::metadata));
            routes.add(HttpRoute.get(model + "/ready", ErrorShape.INFERENCE, this::ready));
            routes.add(HttpRoute.post(model + "/infer", ErrorShape.INFERENCE, this::infer));
        }
        return routes;
    }

    private void server(Exchange exchange) {
        ObjectNode server = JSON.objectNode().put(NAME, "lora4j").put(VERSION, LibraryVersion.LORA4J);
        server.putArray("extensions");
        exchange.answer(server);
    }

    private InferenceModel model(Exchange exchange) {
        Found found = catalog.require(exchange.pathValue(NAME), ModelHost.Kind.ARRAYS);
        InferenceModel model = of(found);
        exchange.model(found.name());
        String version = exchange.pathValue(VERSION);
        if (version != null && !version.equals(model.version())) {
            throw new HttpProblem(
                    Kind.NOT_FOUND,
                    "model " + MessageText.name(found.name()) + " has no version " + MessageText.name(version)
                            + "; it is at version " + model.version() + ".");
        }
        return model;
    }

    private static InferenceModel of(Found found) {
        if (found.host() instanceof ArrayHost host) {
            return new ArrayModel(host, found.adapter(), found.name());
        }
        if (found.host() instanceof TextHost host) {
            return new TextModel(host.server(), found.adapter(), found.name());
        }
        throw new HttpProblem(
                Kind.WRONG_MODEL,
                MessageText.name(found.name()) + " is of a language model, which this protocol does not serve;"
                        + " ask /v1/completions.");
    }

    private void metadata(Exchange exchange) {
        InferenceModel model = model(exchange);
        ObjectNode metadata = JSON.objectNode().put(NAME, model.name());
        metadata.putArray("versions").add(model.version());
        metadata.put("platform", model.platform());
        metadata.putArray("inputs").addAll(model.inputs());
        metadata.putArray("outputs").addAll(model.outputs());
        exchange.answer(metadata);
    }

    private void ready(Exchange exchange) {
        exchange.answer(JSON.objectNode().put(NAME, model(exchange).name()).put("ready", true));
    }

    private void infer(Exchange exchange) throws Exception {
        InferenceModel model = model(exchange);
        JsonFields fields = JsonFields.of(exchange.json(), Kind.BAD_REQUEST);
        Optional<String> id = fields.text("id");
        List<Tensors.Given> inputs = Tensors.Given.all(fields);
        List<String> wanted = wanted(fields, model);
        exchange.answerWith(model.infer(exchange, inputs), outputs -> {
            ObjectNode answer = JSON.objectNode().put("model_name", model.name());
            answer.put("model_version", outputs.version());
            id.ifPresent(given -> answer.put("id", given));
            ArrayNode tensors = answer.putArray("outputs");
            outputs.tensors().stream()
                    .filter(tensor ->
                            wanted.isEmpty() || wanted.contains(tensor.get(NAME).textValue()))
                    .forEach(tensors::add);
            return answer;
        });
    }

    private static List<String> wanted(JsonFields fields, InferenceModel model) {
        List<String> wanted = new ArrayList<>();
        List<String> known = model.outputs().stream()
                .map(output -> output.get(NAME).textValue())
                .toList();
        for (JsonNode each : fields.value("outputs").orElse(JSON.arrayNode())) {
            String name = each.path(NAME).asText("");
            if (!known.contains(name)) {
                throw fields.problem(
                        "outputs", "has " + MessageText.name(name) + "; expected some of " + MessageText.values(known));
            }
            wanted.add(name);
        }
        return wanted;
    }
}
