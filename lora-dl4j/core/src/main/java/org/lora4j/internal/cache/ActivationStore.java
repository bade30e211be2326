/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.lora4j.train.cache.PrefixCache;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Arrays by key: in memory as long as there is room, then in a file. What came first stays: every epoch asks for every
 * key once, and replacing the one that waited longest would replace just the one that is asked for next.
 */
final class ActivationStore implements AutoCloseable {

    private final PrefixCache settings;
    private final Map<Object, Kept> kept = new HashMap<>();
    private SpillFile file;
    private long memory;
    private long withoutRoom;

    /** One entry, in memory or in the file. */
    private record Kept(long checksum, Map<String, INDArray> arrays, Map<String, SpillFile.Place> places) {}

    /** Arrays of an entry, for one use. */
    record Lease(Map<String, INDArray> arrays, boolean owned) implements AutoCloseable {
        @Override
        public void close() {
            if (owned) {
                arrays.values().forEach(INDArray::close);
            }
        }
    }

    ActivationStore(PrefixCache settings) {
        this.settings = settings;
    }

    /** The checksum an entry was put with. */
    Optional<Long> checksum(Object key) {
        return Optional.ofNullable(kept.get(key)).map(Kept::checksum);
    }

    boolean holds(Object key) {
        return kept.containsKey(key);
    }

    boolean holdsInMemory(Object key) {
        return holds(key) && kept.get(key).places().isEmpty();
    }

    boolean hasMemoryFor(long bytes) {
        return memory + bytes <= settings.memoryBytes();
    }

    Lease get(Object key) {
        Kept entry = kept.get(key);
        return entry.places().isEmpty() ? new Lease(entry.arrays(), false) : read(entry, UnaryOperator.identity());
    }

    /** One of so many equal parts of arrays in C order that are in the file. */
    Lease part(Object key, int index, int of) {
        return read(kept.get(key), place -> place.part(index, of));
    }

    private Lease read(Kept entry, UnaryOperator<SpillFile.Place> part) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        try {
            entry.places().forEach((name, place) -> arrays.put(name, file.read(part.apply(place))));
        } catch (RuntimeException | Error e) {
            arrays.values().forEach(INDArray::close);
            throw e;
        }
        return new Lease(arrays, true);
    }

    /** Takes arrays that own their memory; those that are not kept in memory are closed when the lease is. */
    Lease put(Object key, long checksum, Map<String, INDArray> owned) {
        try {
            return keep(key, checksum, owned);
        } catch (RuntimeException | Error e) {
            owned.values().forEach(INDArray::close);
            throw e;
        }
    }

    private Lease keep(Object key, long checksum, Map<String, INDArray> owned) {
        long size = owned.values().stream().mapToLong(HostBytes::size).sum();
        if (hasMemoryFor(size)) {
            memory += size;
            kept.put(key, new Kept(checksum, owned, Map.of()));
            return new Lease(owned, false);
        }
        if (fileBytes() + size <= settings.fileBytes()) {
            kept.put(key, new Kept(checksum, Map.of(), spill(owned)));
        } else {
            withoutRoom++;
        }
        return new Lease(owned, true);
    }

    private Map<String, SpillFile.Place> spill(Map<String, INDArray> owned) {
        if (file == null) {
            file = SpillFile.create(settings.directory().orElseThrow());
        }
        Map<String, SpillFile.Place> places = new LinkedHashMap<>();
        owned.forEach((name, array) -> places.put(name, file.append(array)));
        return places;
    }

    long memoryBytes() {
        return memory;
    }

    long fileBytes() {
        return file == null ? 0 : file.size();
    }

    long withoutRoom() {
        return withoutRoom;
    }

    @Override
    public void close() {
        List<Kept> entries = new ArrayList<>(kept.values());
        kept.clear();
        memory = 0;
        entries.forEach(entry -> entry.arrays().values().forEach(INDArray::close));
        if (file != null) {
            SpillFile open = file;
            file = null;
            open.close();
        }
    }
}
