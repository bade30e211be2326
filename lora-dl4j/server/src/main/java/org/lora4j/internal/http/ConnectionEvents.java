/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import com.fasterxml.jackson.databind.JsonNode;

/** Events of one exchange. */
record ConnectionEvents(ConnectionExchange exchange, HttpConnection connection) implements EventStream {

    @Override
    public void send(JsonNode data) {
        send(JsonBody.text(data));
    }

    @Override
    public void send(String data) {
        synchronized (exchange) {
            if (exchange.streams()) {
                connection.piece(ConnectionExchange.utf8("data: " + data + "\n\n"));
            }
        }
    }

    @Override
    public void end() {
        synchronized (exchange) {
            if (exchange.endStream()) {
                connection.end(exchange);
            }
        }
    }

    @Override
    public void fail(Throwable failure) {
        JsonNode told = exchange.told(failure);
        synchronized (exchange) {
            send(told);
            end();
        }
    }
}
