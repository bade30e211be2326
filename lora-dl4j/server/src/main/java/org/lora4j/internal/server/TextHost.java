/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.lora4j.serve.Routes;
import org.lora4j.serve.text.LoadedTask;
import org.lora4j.serve.text.TextServer;

/**
 * An encoder of texts with its tasks.
 *
 * @apiNote Status: internal
 */
public final class TextHost implements ModelHost {

    private final String name;
    private final TextServer server;
    private final boolean owned;

    /**
     * A host.
     *
     * @param owned whether the server ends with the host
     */
    public TextHost(String name, TextServer server, boolean owned) {
        this.name = name;
        this.server = server;
        this.owned = owned;
    }

    public TextServer server() {
        return server;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Kind kind() {
        return Kind.TEXTS;
    }

    @Override
    public List<HostedAdapter> adapters() {
        return server.tasks().stream().map(TextHost::adapter).toList();
    }

    private static HostedAdapter adapter(LoadedTask task) {
        return new HostedAdapter(
                task.name(),
                task.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                task.by(),
                task.directory(),
                task.bytes(),
                true,
                task.active(),
                task.differences(),
                task.storedAs());
    }

    @Override
    public void load(String adapter, Path directory) throws IOException {
        server.load(adapter, directory);
    }

    @Override
    public void replace(String adapter, Path directory) throws IOException {
        server.replace(adapter, directory);
    }

    @Override
    public void unload(String adapter) {
        server.unload(adapter);
    }

    @Override
    public Routes routes() {
        return server.routes();
    }

    @Override
    public void close() {
        if (owned) {
            server.close();
        }
    }
}
