/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

/**
 * What a route does.
 *
 * @apiNote Status: internal
 */
@FunctionalInterface
public interface Handler {

    /**
     * Reads the request, and answers now or later, from any thread, once. Runs on one of few threads: what takes long goes elsewhere.
     *
     * @throws Exception what goes wrong before the answer; answered in the shape of the route
     */
    void handle(Exchange exchange) throws Exception;
}
