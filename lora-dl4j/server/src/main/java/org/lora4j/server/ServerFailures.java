/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import java.time.Duration;
import org.lora4j.internal.http.FailureTable;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.language.QueueFullException;
import org.lora4j.serve.UnknownAdapterException;
import org.lora4j.serve.text.ServerBusyException;
import org.lora4j.serve.text.ServerClosedException;
import org.lora4j.serve.text.TextLimitException;
import org.lora4j.serve.text.WrongTaskException;

/** What clients are told of exceptions of the library. */
final class ServerFailures {

    private static final Duration LATER = Duration.ofSeconds(1);

    private ServerFailures() {}

    static FailureTable all() {
        return new FailureTable()
                .add(UnknownAdapterException.class, unknown -> HttpProblem.unknownModel(unknown.name(), unknown.near()))
                .add(WrongTaskException.class, Kind.WRONG_MODEL)
                .add(
                        TextLimitException.class,
                        limit -> new HttpProblem(
                                limit.limit() == TextLimitException.Limit.LENGTH ? Kind.TOO_LONG : Kind.TOO_LARGE,
                                limit.getMessage()))
                .add(
                        ServerBusyException.class,
                        busy -> new HttpProblem(Kind.OVERLOADED, busy.getMessage()).retryAfter(busy.retryAfter()))
                .add(
                        QueueFullException.class,
                        full -> new HttpProblem(Kind.OVERLOADED, full.getMessage()).retryAfter(LATER))
                .add(
                        ServerClosedException.class,
                        closed -> new HttpProblem(Kind.UNAVAILABLE, closed.getMessage()).retryAfter(LATER))
                .andUsual();
    }
}
