/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.language.CausalLmServer;
import org.lora4j.serve.RouteChoice;

/**
 * The language models that are served, by the names that clients give. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class LanguageModels {

    private final ModelCatalog catalog;

    public LanguageModels(ModelCatalog catalog) {
        this.catalog = catalog;
    }

    /** Models without anything beside them. */
    public static LanguageModels of(Map<String, CausalLmServer> models) {
        return new LanguageModels(new ModelCatalog(
                models.entrySet().stream()
                        .map(model -> new LanguageHost(model.getKey(), model.getValue(), false))
                        .toList(),
                Optional.empty()));
    }

    /**
     * The model that a name means.
     *
     * @param key of the canary: who asks; the same key gets the same side
     * @return empty if the name means nothing
     * @throws HttpProblem if it means something that writes no text
     */
    public Optional<ServedLanguageModel> find(String model, Optional<String> key) {
        Optional<ModelCatalog.Found> found = catalog.find(model, ModelHost.Kind.LANGUAGE);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        if (!(found.get().host() instanceof LanguageHost host)) {
            throw new HttpProblem(
                            Kind.BAD_REQUEST,
                            "model \"" + found.get().name() + "\" is of the "
                                    + found.get().host().kind().word() + " \""
                                    + found.get().host().name()
                                    + "\", which writes no text; GET /v1/models lists what does.")
                    .param("model");
        }
        RouteChoice choice = host.routes().resolve(found.get().adapter(), key);
        return Optional.of(ServedLanguageModel.of(found.get().name(), host.server(), choice));
    }

    /** The servers behind the names, each once, by the name of its base. */
    public List<LanguageHost> hosts() {
        return catalog.hosts(LanguageHost.class);
    }

    /** All names, also of what writes no text, for messages. */
    public Collection<String> names() {
        return catalog.names();
    }

    /** All that is served, as {@code /v1/models} lists it. */
    public List<ModelEntry> entries() {
        return catalog.entries();
    }
}
