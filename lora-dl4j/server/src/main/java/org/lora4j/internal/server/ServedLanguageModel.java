/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server;

import java.time.Duration;
import java.util.Optional;
import org.lora4j.language.CausalLmServer;
import org.lora4j.serve.RouteChoice;
import org.lora4j.serve.RouteRole;

/**
 * A language model and the adapter of one request.
 *
 * @param name what the client called it
 * @param server who generates
 * @param adapter {@link CausalLmServer#BASE} or a name
 * @param role in which part it answers
 * @param choice which adapter an alias led to; what becomes of the request is told to it
 * @apiNote Status: internal
 */
public record ServedLanguageModel(
        String name, CausalLmServer server, String adapter, RouteRole role, RouteChoice choice) {

    /** As it was chosen. */
    static ServedLanguageModel of(String name, CausalLmServer server, RouteChoice choice) {
        return new ServedLanguageModel(name, server, choice.adapter(), choice.role(), choice);
    }

    /** What answers if this cannot: what is in use where this is the candidate of a canary. */
    public Optional<ServedLanguageModel> fallback() {
        return role == RouteRole.CANARY
                ? choice.fallback()
                        .map(inUse -> new ServedLanguageModel(name, server, inUse, RouteRole.CURRENT, choice))
                : Optional.empty();
    }

    /** An answer came. */
    public void answered(Duration took) {
        choice.answered(role, took);
    }

    /** None came. */
    public void failed() {
        choice.failed(role);
    }
}
