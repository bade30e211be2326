/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.serve.Routes;

/**
 * A base with the adapters that stand on it. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public sealed interface ModelHost extends AutoCloseable permits TextHost, ArrayHost, LanguageHost {

    /** What a base is for. */
    enum Kind {
        TEXTS("encoder"),
        ARRAYS("network"),
        LANGUAGE("language model");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        public String word() {
            return word;
        }
    }

    /** What clients call the base. */
    String name();

    Kind kind();

    /** The adapters that are there now, by name in order. */
    List<HostedAdapter> adapters();

    /** Names of the adapters that are there now. */
    default List<String> names() {
        return adapters().stream().map(HostedAdapter::name).toList();
    }

    /**
     * Adds an adapter under a free name.
     *
     * @throws IllegalArgumentException if it does not fit, or the name is not free
     */
    void load(String name, Path directory) throws IOException;

    /** Exchanges an adapter; requests that were taken keep the one they have. */
    void replace(String name, Path directory) throws IOException;

    /** Removes an adapter. */
    void unload(String name);

    /** Aliases of its adapters. */
    Routes routes();

    @Override
    void close();
}
