/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.internal.serve.Fingerprint;
import org.lora4j.serve.ServedUpdate.Part;

/** The place of one registered adapter: its values, or the directory from which they come back. */
final class Slot {

    private final String name;
    private final Path directory;
    private final AdapterPacking packing;
    private final Map<String, Set<Part>> parts;
    private final long bytes;
    private final long fingerprint;
    private volatile ServedAdapter resident;

    /**
     * A slot whose values are at hand; {@code directory} is null for an adapter that stays in memory. Refuses what does
     * not fit the base or cannot be served.
     */
    Slot(String name, Path directory, Adapter adapter, AdapterPacking packing) {
        this.name = name;
        this.directory = directory;
        this.packing = packing;
        this.resident = packing.checked(name, adapter);
        this.parts = resident.parts();
        this.bytes = resident.bytes();
        this.fingerprint = directory == null ? 0 : Fingerprint.of(adapter);
    }

    String name() {
        return name;
    }

    Path directory() {
        return directory;
    }

    /** The parts of each module that the adapter has, in memory or not. */
    Map<String, Set<Part>> parts() {
        return parts;
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
        ServedAdapter read = packing.again(name, Fingerprint.reread(name, directory, fingerprint));
        resident = read;
        return read;
    }
}
