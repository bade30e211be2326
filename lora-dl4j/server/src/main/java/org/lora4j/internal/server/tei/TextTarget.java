/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.tei;

import java.util.List;
import java.util.Optional;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.server.ModelCatalog;
import org.lora4j.internal.server.ModelCatalog.Found;
import org.lora4j.internal.server.ModelHost;
import org.lora4j.internal.server.TextHost;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.text.TextServer;

/**
 * Whom a request of texts asks.
 *
 * @param server the server of texts
 * @param adapter an adapter of it, an alias, or its base
 * @param name what the client calls it
 * @apiNote Status: internal
 */
public record TextTarget(TextServer server, String adapter, String name) {

    private static final String HEADER = "x-adapter";

    /**
     * Whom a request names.
     *
     * @throws HttpProblem 404 if the name means nothing, 424 if it means something that answers no texts, 422 if there is no name and
     *     it is not clear who is meant
     */
    public static TextTarget of(ModelCatalog catalog, Exchange exchange, Optional<String> model) {
        Optional<String> header = exchange.header(HEADER);
        if (model.isPresent() && header.isPresent() && !model.equals(header)) {
            throw new HttpProblem(
                            Kind.UNPROCESSABLE,
                            "model is " + MessageText.name(model.get()) + ", the header " + HEADER + " "
                                    + MessageText.name(header.get()) + "; expected the same, or one of them.")
                    .param("model");
        }
        Optional<String> name = model.or(() -> header).filter(given -> !given.isEmpty());
        TextTarget target =
                name.or(catalog::usual).map(given -> named(catalog, given)).orElseGet(() -> base(catalog));
        exchange.model(target.name());
        return target;
    }

    private static TextTarget named(ModelCatalog catalog, String name) {
        Found found = catalog.require(name, ModelHost.Kind.TEXTS);
        if (!(found.host() instanceof TextHost host)) {
            throw new HttpProblem(
                            Kind.WRONG_MODEL,
                            MessageText.name(name) + " is of the "
                                    + found.host().kind().word() + " "
                                    + MessageText.name(found.host().name())
                                    + ", which answers no texts here; GET /v1/models lists encoders.")
                    .param("model");
        }
        return new TextTarget(host.server(), found.adapter(), found.name());
    }

    private static TextTarget base(ModelCatalog catalog) {
        List<TextHost> hosts = catalog.hosts(TextHost.class);
        if (hosts.isEmpty()) {
            throw new HttpProblem(Kind.WRONG_MODEL, "this server has no encoder of texts.");
        }
        if (hosts.size() > 1) {
            throw new HttpProblem(
                            Kind.UNPROCESSABLE,
                            "no model is named, and there are " + hosts.size() + " encoders: "
                                    + MessageText.values(
                                            hosts.stream().map(TextHost::name).toList())
                                    + ". Name one, or an adapter, as model or in the header " + HEADER + ".")
                    .param("model");
        }
        TextHost host = hosts.get(0);
        return new TextTarget(host.server(), AdapterServer.BASE, host.name());
    }
}
