/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.io.IOException;
import java.nio.file.Path;
import org.lora4j.adapter.Adapter;

/** The place of one registered adapter: its values, or the directory from which they come back. */
final class Slot {

    private final String name;
    private final Path directory;
    private final Packing packing;
    private final long bytes;
    private final long fingerprint;
    private volatile ServedAdapter resident;

    /** A slot whose values are at hand; {@code directory} is null for an adapter that stays in memory. */
    Slot(String name, Path directory, ServedAdapter adapter, Packing packing) {
        this.name = name;
        this.directory = directory;
        this.packing = packing;
        this.bytes = adapter.bytes();
        this.fingerprint = directory == null ? 0 : adapter.fingerprint();
        this.resident = adapter;
    }

    String name() {
        return name;
    }

    Path directory() {
        return directory;
    }

    boolean pinned() {
        return directory == null;
    }

    long bytes() {
        return bytes;
    }

    /** The values in memory, or null. */
    ServedAdapter resident() {
        return resident;
    }

    void release() {
        resident = null;
    }

    /** The values, read again if they are not in memory. */
    synchronized ServedAdapter load() throws IOException {
        ServedAdapter known = resident;
        if (known != null) {
            return known;
        }
        ServedAdapter read = packing.pack(name, Adapter.load(directory));
        if (read.fingerprint() != fingerprint) {
            throw new IOException("adapter \"" + name + "\": " + directory
                    + " holds other values than when it was registered; expected the same. Call replace(name, directory)"
                    + " to serve the new ones.");
        }
        resident = read;
        return read;
    }
}
