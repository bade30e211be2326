/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * A request and its answer. <b>Threads.</b> Safe; the first answer counts, and what comes after the client has gone is dropped.
 *
 * @apiNote Status: internal
 */
public interface Exchange {

    String method();

    /** Decoded, without the query. */
    String path();

    /** What the client calls this request, or a name of ours. */
    String requestId();

    /** The segment of the path that stands in braces in the route. */
    String pathValue(String name);

    Optional<String> header(String name);

    Optional<String> query(String name);

    /**
     * The body as one JSON object; read at the first call.
     *
     * @throws HttpProblem if it is none, with line and column
     */
    ObjectNode json();

    /** Answers with 200. */
    default void answer(JsonNode json) {
        answer(200, json);
    }

    void answer(int status, JsonNode json);

    void answer(int status, String contentType, byte[] body);

    /**
     * Answers with what a future gives, when it gives it; if nobody waits for the answer any more, the future is cancelled.
     *
     * @param body makes the answer, on a thread of requests
     */
    <T> void answerWith(CompletableFuture<T> future, Function<T, JsonNode> body);

    /** A header of the answer that is still to come. */
    void header(String name, String value);

    /** Answers in the route's shape, with what {@link FailureTable} makes of it. */
    void fail(Throwable failure);

    /** Begins an answer of server-sent events, with 200. */
    EventStream events();

    /** Runs once if the client goes, its time ends or the server is closed before the answer is complete; at once if it is so. */
    void whenGone(Runnable work);

    boolean isGone();

    /** Names the model in metrics and in the access log. Only names that are registered: they are kept. */
    void model(String known);

    /** How many tokens were read and written, for metrics and the access log; adds to what was said before. */
    void tokens(int read, int written);
}
