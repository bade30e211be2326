/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.Access;
import org.lora4j.internal.http.Endpoints;
import org.lora4j.internal.http.ErrorShape;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.http.HttpRoute;
import org.lora4j.internal.http.JsonFields;
import org.lora4j.internal.server.ModelCatalog;
import org.lora4j.internal.server.ModelHost;
import org.lora4j.serve.RouteCounts;
import org.lora4j.serve.RouteStatus;
import org.lora4j.serve.Routes;

/**
 * Names that lead to adapters, and candidates on their way into use.
 *
 * @apiNote Status: internal
 */
public final class AliasEndpoints implements Endpoints {

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String ALIAS = "alias";

    private final ModelCatalog catalog;

    public AliasEndpoints(ModelCatalog catalog) {
        this.catalog = catalog;
    }

    @Override
    public List<HttpRoute> routes() {
        return List.of(
                HttpRoute.get("/aliases", ErrorShape.OPENAI, this::list),
                HttpRoute.get("/aliases/{alias}", ErrorShape.OPENAI, this::one),
                changed("/aliases/{alias}", this::set),
                HttpRoute.delete("/aliases/{alias}", ErrorShape.OPENAI, this::remove)
                        .with(Access.ADMIN),
                changed("/aliases/{alias}/shadow", this::shadow),
                changed("/aliases/{alias}/canary", this::canary),
                changed("/aliases/{alias}/promote", this::promote),
                changed("/aliases/{alias}/rollback", this::rollback),
                changed("/aliases/{alias}/settle", this::settle));
    }

    private static HttpRoute changed(String path, Consumer<Exchange> change) {
        return HttpRoute.post(path, ErrorShape.OPENAI, change::accept).with(Access.ADMIN);
    }

    private void list(Exchange exchange) {
        ArrayNode all = JSON.arrayNode();
        catalog.hosts().forEach(host -> all.addAll(described(host.routes())));
        exchange.answer(JSON.objectNode().set("aliases", all));
    }

    private void one(Exchange exchange) {
        answer(exchange, host(exchange).routes());
    }

    private void answer(Exchange exchange, Routes routes) {
        String alias = exchange.pathValue(ALIAS);
        exchange.answer(routes.status().stream()
                .filter(status -> status.alias().equals(alias))
                .map(AliasEndpoints::described)
                .findFirst()
                .orElseThrow(() -> unknown(alias)));
    }

    /** The host that has the alias. */
    private ModelHost host(Exchange exchange) {
        String alias = exchange.pathValue(ALIAS);
        return catalog.hosts().stream()
                .filter(host -> host.routes().aliases().contains(alias))
                .findFirst()
                .orElseThrow(() -> unknown(alias));
    }

    private static HttpProblem unknown(String alias) {
        return new HttpProblem(
                Kind.NOT_FOUND, "there is no alias " + MessageText.name(alias) + ". GET /aliases lists them.");
    }

    private void set(Exchange exchange) {
        String alias = exchange.pathValue(ALIAS);
        JsonFields fields = JsonFields.of(exchange.json(), Kind.BAD_REQUEST);
        String adapter = fields.requiredText("adapter", "the name of an adapter");
        ModelHost host = catalog.hosts().stream()
                .filter(one -> one.names().contains(adapter))
                .findFirst()
                .orElseThrow(() -> HttpProblem.unknownModel(adapter, catalog.names()));
        boolean free =
                host.routes().aliases().contains(alias) || !catalog.names().contains(alias);
        if (!free) {
            throw new HttpProblem(
                    Kind.CONFLICT,
                    MessageText.name(alias) + " is the name of something else that is served; choose another one.");
        }
        change(exchange, host.routes(), routes -> routes.alias(alias, adapter));
    }

    private void change(Exchange exchange, Routes routes, Consumer<Routes> change) {
        try {
            change.accept(routes);
        } catch (IllegalStateException e) {
            throw new HttpProblem(Kind.CONFLICT, e.getMessage());
        }
        answer(exchange, routes);
    }

    private void remove(Exchange exchange) {
        host(exchange).routes().remove(exchange.pathValue(ALIAS));
        exchange.answer(JSON.objectNode().put("removed", exchange.pathValue(ALIAS)));
    }

    private void shadow(Exchange exchange) {
        ModelHost.Kind kind = host(exchange).kind();
        if (kind != ModelHost.Kind.TEXTS) {
            throw new HttpProblem(
                    Kind.BAD_REQUEST,
                    "adapters of a " + kind.word()
                            + " cannot shadow; POST /aliases/{alias}/canary with a small share.");
        }
        JsonFields fields = JsonFields.of(exchange.json(), Kind.BAD_REQUEST);
        candidate(exchange, fields, (routes, candidate) -> routes.shadow(exchange.pathValue(ALIAS), candidate));
    }

    private void canary(Exchange exchange) {
        JsonFields fields = JsonFields.of(exchange.json(), Kind.BAD_REQUEST);
        double share = fields.number("share", 0, 1)
                .orElseThrow(() -> fields.problem("share", "is missing; expected a number from 0 to 1"));
        candidate(exchange, fields, (routes, candidate) -> routes.canary(exchange.pathValue(ALIAS), candidate, share));
    }

    private void candidate(Exchange exchange, JsonFields fields, BiConsumer<Routes, String> change) {
        ModelHost host = host(exchange);
        String candidate = fields.requiredText("candidate", "the name of an adapter");
        if (!host.names().contains(candidate)) {
            throw HttpProblem.unknownModel(candidate, host.names());
        }
        change(exchange, host.routes(), routes -> change.accept(routes, candidate));
    }

    private void promote(Exchange exchange) {
        change(exchange, host(exchange).routes(), routes -> routes.promote(exchange.pathValue(ALIAS)));
    }

    private void rollback(Exchange exchange) {
        change(exchange, host(exchange).routes(), routes -> routes.rollback(exchange.pathValue(ALIAS)));
    }

    private void settle(Exchange exchange) {
        change(exchange, host(exchange).routes(), routes -> routes.settle(exchange.pathValue(ALIAS)));
    }

    static ArrayNode described(Routes routes) {
        ArrayNode all = JSON.arrayNode();
        routes.status().forEach(status -> all.add(described(status)));
        return all;
    }

    private static ObjectNode described(RouteStatus status) {
        ObjectNode one = JSON.objectNode()
                .put(ALIAS, status.alias())
                .put("adapter", status.current())
                .put("previous", status.previous().orElse(null))
                .put("candidate", status.candidate().orElse(null))
                .put("shadow", status.shadow())
                .put("share", status.share());
        one.set("in_use", described(status.ofCurrent()));
        one.set("of_candidate", described(status.ofCandidate()));
        one.put("compared", status.compared());
        if (Double.isFinite(status.agreement())) {
            one.put("agreement", status.agreement());
        } else {
            one.putNull("agreement");
        }
        return one.put("left_out", status.leftOut());
    }

    private static ObjectNode described(RouteCounts counts) {
        return JSON.objectNode().put("answered", counts.answered()).put("failed", counts.failed());
    }
}
