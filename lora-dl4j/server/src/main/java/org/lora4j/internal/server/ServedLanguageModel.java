/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server;

import java.time.Duration;
import org.lora4j.language.CausalLmServer;
import org.lora4j.serve.RouteChoice;

/**
 * A language model and the adapter of one request.
 *
 * @param name what the client called it
 * @param server who generates
 * @param adapter {@link CausalLmServer#BASE} or a name
 * @param choice which adapter an alias led to; what becomes of the request is told to it
 * @apiNote Status: internal
 */
public record ServedLanguageModel(String name, CausalLmServer server, String adapter, RouteChoice choice) {

    /** An answer came. */
    public void answered(Duration took) {
        choice.answered(choice.role(), took);
    }

    /** None came. */
    public void failed() {
        choice.failed(choice.role());
    }
}
