/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.Access;
import org.lora4j.internal.http.Endpoints;
import org.lora4j.internal.http.ErrorShape;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.http.HttpRoute;
import org.lora4j.internal.http.JsonFields;
import org.lora4j.internal.server.HostedAdapter;
import org.lora4j.internal.server.ModelCatalog;
import org.lora4j.internal.server.ModelHost;

/**
 * What stands on the server, and adapters that come and go while it runs, as vLLM does it.
 *
 * @apiNote Status: internal
 */
public final class AdapterEndpoints implements Endpoints {

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String NAME = "lora_name";
    private static final String PATH = "lora_path";
    private static final String INVALID = "InvalidUserInput";
    private static final int LONGEST_NAME = 200;

    private final ModelCatalog catalog;
    private final LoadFolders folders;
    private final Object changes = new Object();

    /**
     * Endpoints.
     *
     * @param folders from which adapters may be loaded
     */
    public AdapterEndpoints(ModelCatalog catalog, LoadFolders folders) {
        this.catalog = catalog;
        this.folders = folders;
    }

    @Override
    public List<HttpRoute> routes() {
        return List.of(
                HttpRoute.get("/adapters", ErrorShape.OPENAI, this::list),
                HttpRoute.get("/adapters/{name}", ErrorShape.OPENAI, this::one),
                HttpRoute.post("/v1/load_lora_adapter", ErrorShape.OPENAI, this::load)
                        .with(Access.ADMIN),
                HttpRoute.post("/v1/unload_lora_adapter", ErrorShape.OPENAI, this::unload)
                        .with(Access.ADMIN));
    }

    private void list(Exchange exchange) {
        ObjectNode all = JSON.objectNode();
        ArrayNode models = all.putArray("models");
        for (ModelHost host : catalog.hosts()) {
            ObjectNode model = models.addObject()
                    .put("name", host.name())
                    .put("kind", host.kind().word());
            ArrayNode adapters = model.putArray("adapters");
            host.adapters().forEach(adapter -> adapters.add(described(adapter)));
            model.set("aliases", AliasEndpoints.described(host.routes()));
        }
        exchange.answer(all);
    }

    private void one(Exchange exchange) {
        String name = exchange.pathValue("name");
        for (ModelHost host : catalog.hosts()) {
            for (HostedAdapter adapter : host.adapters()) {
                if (adapter.name().equals(name)) {
                    exchange.answer(described(adapter).put("base", host.name()));
                    return;
                }
            }
        }
        throw HttpProblem.unknownModel(name, catalog.names());
    }

    private static ObjectNode described(HostedAdapter adapter) {
        ObjectNode one = JSON.objectNode()
                .put("name", adapter.name())
                .put("task", adapter.task())
                .put("generation", adapter.by().generation())
                .put("content_hash", adapter.by().contentHash())
                .put("leases", adapter.active())
                .put("bytes", adapter.bytes())
                .put("resident", adapter.resident());
        ArrayNode differences = one.putArray("differences");
        adapter.differences().forEach(differences::add);
        ArrayNode storedAs = one.putArray("stored_as");
        adapter.storedAs().forEach(storedAs::add);
        return one;
    }

    private void load(Exchange exchange) throws IOException {
        JsonFields fields = JsonFields.of(exchange.json(), Kind.BAD_REQUEST);
        String name = both(fields, NAME);
        Path directory = folders.directory(both(fields, PATH));
        boolean inPlace = fields.flag("load_inplace").orElse(false);
        synchronized (changes) {
            Optional<ModelHost> there = hostOf(name);
            ModelHost host = there.isPresent() ? there.get() : base(fields);
            if (there.isPresent() && !inPlace) {
                throw new HttpProblem(
                                Kind.BAD_REQUEST,
                                "The lora adapter " + MessageText.name(name)
                                        + " has already been loaded. To exchange it, say \"load_inplace\": true.")
                        .type(INVALID);
            }
            if (there.isEmpty() && catalog.names().contains(name)) {
                throw new HttpProblem(
                                Kind.BAD_REQUEST,
                                MessageText.name(name) + " is the name of a model or an alias; choose another one.")
                        .type(INVALID);
            }
            change(() -> {
                if (there.isPresent()) {
                    host.replace(name, directory);
                } else {
                    host.load(name, directory);
                }
            });
        }
        text(exchange, "Success: LoRA adapter '" + name + "' added successfully");
    }

    private interface Change {
        void make() throws IOException;
    }

    /** What is wrong with a directory its reader says best. */
    private static void change(Change change) {
        try {
            change.make();
        } catch (IOException | IllegalArgumentException e) {
            throw new HttpProblem(Kind.BAD_REQUEST, e.getMessage()).type(INVALID);
        } catch (IllegalStateException e) {
            throw new HttpProblem(Kind.CONFLICT, e.getMessage());
        }
    }

    private void unload(Exchange exchange) {
        JsonFields fields = JsonFields.of(exchange.json(), Kind.BAD_REQUEST);
        String name = both(fields, NAME);
        synchronized (changes) {
            ModelHost host = hostOf(name)
                    .orElseThrow(() ->
                            HttpProblem.unknownModel(name, catalog.names()).type("NotFoundError"));
            change(() -> host.unload(name));
        }
        text(exchange, "Success: LoRA adapter '" + name + "' removed successfully");
    }

    private static String both(JsonFields fields, String name) {
        String value = fields.text(name).orElse("");
        if (value.isEmpty() || name.equals(NAME) && !isName(value)) {
            throw new HttpProblem(
                            Kind.BAD_REQUEST,
                            value.isEmpty()
                                    ? name + " is missing; expected a text that is not empty."
                                    : name + " is " + MessageText.name(value) + "; expected at most " + LONGEST_NAME
                                            + " characters, none of them a control character.")
                    .type(INVALID)
                    .param(name);
        }
        return value;
    }

    private static boolean isName(String name) {
        return name.length() <= LONGEST_NAME && name.codePoints().noneMatch(Character::isISOControl);
    }

    private Optional<ModelHost> hostOf(String adapter) {
        return catalog.hosts().stream()
                .filter(host -> host.names().contains(adapter))
                .findFirst();
    }

    private ModelHost base(JsonFields fields) {
        Optional<String> named = fields.text("base_model_name");
        if (named.isPresent()) {
            return catalog.host(named.get())
                    .orElseThrow(() -> HttpProblem.unknownModel(
                            named.get(),
                            catalog.hosts().stream().map(ModelHost::name).toList()));
        }
        if (catalog.hosts().size() != 1) {
            throw new HttpProblem(
                            Kind.BAD_REQUEST,
                            "base_model_name is missing; expected one of "
                                    + MessageText.values(catalog.hosts().stream()
                                            .map(ModelHost::name)
                                            .toList())
                                    + ".")
                    .type(INVALID)
                    .param("base_model_name");
        }
        return catalog.hosts().get(0);
    }

    private static void text(Exchange exchange, String words) {
        exchange.answer(200, "text/plain; charset=utf-8", words.getBytes(StandardCharsets.UTF_8));
    }
}
