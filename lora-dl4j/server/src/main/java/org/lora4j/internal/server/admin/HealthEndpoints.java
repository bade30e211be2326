/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.admin;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import org.lora4j.internal.http.Access;
import org.lora4j.internal.http.Endpoints;
import org.lora4j.internal.http.ErrorShape;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpRoute;
import org.lora4j.internal.http.Metrics;

/**
 * What probes and collectors ask; answered while models are loaded, too.
 *
 * @param state {@code ready}, or why it is not
 * @param metrics what is counted
 * @apiNote Status: internal
 */
public record HealthEndpoints(Supplier<String> state, Metrics metrics) implements Endpoints {

    /** The state in which requests are taken. */
    public static final String READY = "ready";

    private static final int OK = 200;
    private static final int UNAVAILABLE = 503;

    @Override
    public List<HttpRoute> routes() {
        return List.of(
                HttpRoute.get(
                                "/health",
                                ErrorShape.TEI,
                                exchange -> exchange.answer(
                                        JsonNodeFactory.instance.objectNode().put("status", "ok")))
                        .with(Access.OPEN),
                HttpRoute.get("/ready", ErrorShape.TEI, this::ready).with(Access.OPEN),
                HttpRoute.get(
                                "/v2/health/live",
                                ErrorShape.INFERENCE,
                                exchange -> exchange.answer(
                                        JsonNodeFactory.instance.objectNode().put("live", true)))
                        .with(Access.OPEN),
                HttpRoute.get("/v2/health/ready", ErrorShape.INFERENCE, this::inferenceReady)
                        .with(Access.OPEN),
                HttpRoute.get("/metrics", ErrorShape.TEI, this::metrics));
    }

    private int status() {
        return state.get().equals(READY) ? OK : UNAVAILABLE;
    }

    private void ready(Exchange exchange) {
        exchange.answer(status(), JsonNodeFactory.instance.objectNode().put("status", state.get()));
    }

    private void inferenceReady(Exchange exchange) {
        boolean ready = status() == OK;
        exchange.answer(
                status(),
                JsonNodeFactory.instance.objectNode().put("live", true).put(READY, ready));
    }

    private void metrics(Exchange exchange) {
        exchange.answer(OK, Metrics.CONTENT_TYPE, metrics.text().getBytes(StandardCharsets.UTF_8));
    }
}
