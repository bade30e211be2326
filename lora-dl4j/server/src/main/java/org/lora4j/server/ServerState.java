/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import java.util.function.Supplier;
import org.lora4j.internal.http.HttpFront;
import org.lora4j.internal.server.admin.HealthEndpoints;

/** How a server is, in a word; asked before there is one, too. */
final class ServerState implements Supplier<String> {

    private volatile HttpFront front;

    void of(HttpFront listening) {
        front = listening;
    }

    @Override
    public String get() {
        HttpFront now = front;
        if (now != null && now.isServing()) {
            return HealthEndpoints.READY;
        }
        return now == null || now.isLoading() ? "loading" : "draining";
    }
}
