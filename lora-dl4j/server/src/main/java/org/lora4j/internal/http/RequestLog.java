/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.lora4j.error.MessageText;

/** A line for each request, and its counts. Neither has what was asked or answered, unless that is wanted. */
final class RequestLog {

    private static final int SHOWN_BODY = 4_000;

    private final HttpSettings settings;
    private final Metrics.Count requests;
    private final Metrics.Count received;
    private final Metrics.Count sent;
    private final Metrics.Observations seconds;
    private final Metrics.Count tokens;

    RequestLog(HttpSettings settings) {
        this.settings = settings;
        Metrics metrics = settings.metrics();
        requests = metrics.counter(
                "http_requests_total", "Requests that were answered or given up.", "method", "route", "status");
        received = metrics.counter("http_received_bytes_total", "Bytes of bodies of requests.");
        sent = metrics.counter("http_sent_bytes_total", "Bytes of bodies of answers.");
        seconds = metrics.histogram(
                "http_request_duration_seconds",
                "From the head of a request to the end of its answer.",
                Metrics.SECONDS,
                "route");
        tokens = metrics.counter(
                "http_model_tokens_total", "Tokens read and written by model or adapter.", "model", "direction");
    }

    /** What there is to say when an exchange has ended. */
    record Entry(
            String id,
            String remote,
            String method,
            String route,
            int status,
            boolean gone,
            long nanos,
            long bytesIn,
            long bytesOut,
            String model,
            int tokensRead,
            int tokensWritten,
            byte[] body) {}

    void ended(Entry entry) {
        String status = entry.gone() ? "gone" : Integer.toString(entry.status());
        requests.add(1, entry.method(), entry.route(), status);
        received.add(entry.bytesIn());
        sent.add(entry.bytesOut());
        seconds.observe(entry.nanos() / 1e9, entry.route());
        if (entry.model() != null) {
            tokens.add(entry.tokensRead(), entry.model(), "read");
            tokens.add(entry.tokensWritten(), entry.model(), "written");
        }
        settings.accessLog().accept(line(entry, status));
    }

    private String line(Entry entry, String status) {
        ObjectNode line = JsonNodeFactory.instance
                .objectNode()
                .put("time", Instant.now().toString())
                .put("id", entry.id())
                .put("remote", entry.remote())
                .put("method", entry.method())
                .put("route", entry.route())
                .put("status", status)
                .put("ms", Math.round(entry.nanos() / 1e4) / 100.0)
                .put("bytes_in", entry.bytesIn())
                .put("bytes_out", entry.bytesOut());
        if (entry.model() != null) {
            line.put("model", entry.model());
            line.put("tokens_in", entry.tokensRead());
            line.put("tokens_out", entry.tokensWritten());
        }
        if (settings.logBodies() && entry.body().length > 0) {
            String body =
                    new String(entry.body(), 0, Math.min(SHOWN_BODY, entry.body().length), StandardCharsets.UTF_8);
            line.put("body", MessageText.bounded(body));
        }
        return JsonBody.text(line);
    }
}
