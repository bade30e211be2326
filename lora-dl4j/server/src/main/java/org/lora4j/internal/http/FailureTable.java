/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.lora4j.internal.http.HttpProblem.Kind;

/**
 * What a client is told of an exception: a table, in which the first row counts that fits. <b>Threads.</b> Safe once it is made.
 *
 * @apiNote Status: internal
 */
public final class FailureTable {

    private record Row<E extends Throwable>(Class<E> type, Function<E, HttpProblem> problem) {
        Optional<HttpProblem> of(Throwable failure) {
            return type.isInstance(failure) ? Optional.of(problem.apply(type.cast(failure))) : Optional.empty();
        }
    }

    private final List<Row<?>> rows = new ArrayList<>();

    /** The rows that need no other package. */
    public FailureTable() {
        add(HttpProblem.class, problem -> problem);
    }

    /** Adds a row behind those that are there. */
    public <E extends Throwable> FailureTable add(Class<E> type, Function<E, HttpProblem> problem) {
        rows.add(new Row<>(type, problem));
        return this;
    }

    /** Adds a row whose message is the exception's own. */
    public FailureTable add(Class<? extends Throwable> type, Kind kind) {
        return add(type, failure -> new HttpProblem(kind, String.valueOf(failure.getMessage())));
    }

    /** The rows that come last: what callers did wrong, and what took too long. */
    public FailureTable andUsual() {
        add(IllegalArgumentException.class, Kind.BAD_REQUEST);
        add(TimeoutException.class, failure -> timeIsOver());
        add(CancellationException.class, failure -> timeIsOver());
        return this;
    }

    /** The answer did not come in time. */
    static HttpProblem timeIsOver() {
        return new HttpProblem(
                Kind.TIMEOUT, "the time of this request is over before its answer was ready. Ask for less, or later.");
    }

    /** What the client is told; empty if it is nothing that the client could know, which is to be logged. */
    Optional<HttpProblem> of(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        for (Row<?> row : rows) {
            Optional<HttpProblem> found = row.of(cause);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }
}
