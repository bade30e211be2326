/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * An answer of server-sent events. A client that reads more slowly than events come has them kept up to a bound, and is gone beyond
 * it. <b>Threads.</b> Safe; no method waits for the client.
 *
 * @apiNote Status: internal
 */
public interface EventStream {

    void send(JsonNode data);

    /** An event of one line, such as {@code [DONE]}. */
    void send(String data);

    /** The answer is complete. */
    void end();

    /** Tells a failure as an event in the route's shape, and ends. */
    void fail(Throwable failure);
}
