/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.lora4j.adapter.Adapter;
import org.lora4j.internal.serve.Fingerprint;
import org.lora4j.serve.ServedUpdate.Part;
import org.lora4j.trust.TrustPolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The place of one registered adapter: its values, or the directory from which they come back. */
final class Slot {

    private static final Logger LOG = LoggerFactory.getLogger(Slot.class);

    private final String name;
    private final Path directory;
    private final AdapterPacking packing;
    private final Map<String, Set<Part>> parts;
    private final long bytes;
    private final long fingerprint;
    private final TrustPolicy trust;
    private final boolean anyBase;
    private final ServedBy by;
    private final List<String> differences;
    private final AtomicInteger active = new AtomicInteger();
    private volatile ServedAdapter resident;

    /**
     * A slot whose values are at hand; {@code directory} is null for an adapter that stays in memory. Refuses what does
     * not fit the base or cannot be served.
     */
    Slot(String name, Path directory, Adapter adapter, AdapterPacking packing, TrustPolicy trust, long generation) {
        this.name = name;
        this.directory = directory;
        this.packing = packing;
        this.trust = trust;
        this.by = new ServedBy(name, adapter.contentHash(), generation);
        ServedAdapter checked;
        List<String> other = List.of();
        try {
            checked = packing.checked(name, adapter);
        } catch (IllegalArgumentException e) {
            if (!trust.allowsOtherBase() || adapter.baseHashes().isEmpty()) {
                throw e;
            }
            checked = packing.checked(name, adapter.forAnyBase());
            other = List.of(e.getMessage());
            LOG.warn("{}; it is served all the same, as that was allowed", e.getMessage());
        }
        this.resident = checked;
        this.differences = other;
        this.anyBase = !other.isEmpty();
        this.parts = resident.parts();
        this.bytes = resident.bytes();
        this.fingerprint = directory == null ? 0 : Fingerprint.of(adapter);
    }

    String name() {
        return name;
    }

    /** What is held of it, for a report. */
    ServedStatus status() {
        return new ServedStatus(
                name,
                Optional.ofNullable(directory),
                bytes,
                resident != null,
                by,
                active.get(),
                differences,
                packing.storedAs());
    }

    /** Its values for a request. */
    Lease lease(ServedAdapter values) {
        return Lease.of(values, by, active);
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
        ServedAdapter read = packing.again(name, Fingerprint.reread(name, directory, fingerprint, trust, anyBase));
        resident = read;
        return read;
    }
}
