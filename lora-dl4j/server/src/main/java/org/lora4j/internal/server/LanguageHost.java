/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.language.CausalLmServer;
import org.lora4j.serve.Routes;
import org.lora4j.serve.ServedStatus;

/**
 * A language model.
 *
 * @apiNote Status: internal
 */
public final class LanguageHost implements ModelHost {

    private final String name;
    private final CausalLmServer server;
    private final boolean owned;
    private final Routes routes;

    /**
     * A host.
     *
     * @param owned whether the server ends with the host
     */
    public LanguageHost(String name, CausalLmServer server, boolean owned) {
        this.name = name;
        this.owned = owned;
        this.server = server;
        this.routes = new Routes(
                () -> server.status().stream().map(ServedStatus::name).toList());
    }

    public CausalLmServer server() {
        return server;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Kind kind() {
        return Kind.LANGUAGE;
    }

    @Override
    public List<HostedAdapter> adapters() {
        return server.status().stream()
                .map(status -> HostedAdapter.of(status, "text generation"))
                .toList();
    }

    @Override
    public void load(String adapter, Path directory) throws IOException {
        FreeName.adding(routes, adapter, () -> server.register(adapter, directory));
    }

    @Override
    public void replace(String adapter, Path directory) throws IOException {
        server.replace(adapter, directory);
    }

    @Override
    public void unload(String adapter) {
        routes.removing(adapter, () -> server.remove(adapter));
    }

    @Override
    public Routes routes() {
        return routes;
    }

    @Override
    public void close() {
        if (owned) {
            server.close();
        }
    }
}
