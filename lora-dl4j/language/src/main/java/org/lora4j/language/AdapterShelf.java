/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.MessageText;
import org.lora4j.internal.language.DecoderGraph;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.decode.ModuleUpdates;
import org.lora4j.internal.serve.AdapterChange;
import org.lora4j.internal.serve.AdapterNames;
import org.lora4j.internal.serve.Fingerprint;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.serve.ServedBy;
import org.lora4j.serve.ServedStatus;
import org.lora4j.trust.TrustPolicy;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The adapters of a server, within a bound of memory that is never exceeded. Those that texts are made with are kept, replaced
 * and removed ones too; of the others, the least recently used that have a directory are dropped, and read again when they are
 * named.
 *
 * <p><b>Threads.</b> Any. What changes is guarded by the server's lock, which is not held while an adapter is read.
 */
final class AdapterShelf implements ModuleUpdates {

    private static final Logger LOG = LoggerFactory.getLogger(AdapterShelf.class);
    private static final String CHECKED = "checked";

    private final Object lock;
    private final long bound;
    private final Executor reading;
    private final CausalLm model;
    private final TrustPolicy trust;
    private final DecoderWeights weights;
    /** Made when the first adapter comes: it says whether one fits, and what it comes to. */
    private AdaptedSameDiff host;

    private final Object hosting = new Object();
    private final Map<String, Slot> slots = new TreeMap<>();
    private final Set<Slot> leastRecentFirst = new LinkedHashSet<>();
    private final Map<Integer, ActingAdapters> used = new ConcurrentHashMap<>();
    private long bytes;
    private int numbers;
    private long generations;

    /** A registered adapter. */
    private static final class Slot {
        final String name;
        final Optional<Path> directory;
        final long bytes;
        final long fingerprint;
        final ServedBy by;
        final List<String> differences;
        final boolean anyBase;
        Values values;
        int active;
        boolean isRead;
        Exception problem;

        Slot(
                String name,
                Optional<Path> directory,
                long bytes,
                long fingerprint,
                ServedBy by,
                List<String> differences,
                boolean anyBase) {
            this.by = by;
            this.differences = differences;
            this.anyBase = anyBase;
            this.name = name;
            this.directory = directory;
            this.bytes = bytes;
            this.fingerprint = fingerprint;
        }
    }

    /** What an adapter does to the model, in memory. */
    static final class Values {
        private static final Values NONE = new Values(-1, null, null);

        private final int number;
        private final ActingAdapters updates;
        private final Slot slot;
        private int users;
        private boolean isKept = true;

        private Values(int number, ActingAdapters updates, Slot slot) {
            this.number = number;
            this.updates = updates;
            this.slot = slot;
        }

        /** What an answer says of it. */
        ServedBy by() {
            return slot == null ? ServedBy.NONE : slot.by;
        }

        /** By which the session knows it. */
        int number() {
            return number;
        }
    }

    AdapterShelf(CausalLm model, TrustPolicy trust, long bound, Object lock, Executor reading) {
        this.model = model;
        this.trust = trust;
        this.weights = model.weights();
        this.bound = bound;
        this.lock = lock;
        this.reading = reading;
    }

    /** Registers an adapter in the place of another, or of none. Without a directory it stays in memory. */
    void put(String name, Optional<Path> directory, Adapter adapter, boolean instead) {
        synchronized (lock) {
            requirePlace(name, instead);
        }
        if (directory.isEmpty()) {
            trust.requireValue("adapter " + MessageText.name(name), adapter.receipt());
        }
        List<String> differences = differences(name, adapter);
        boolean anyBase = trust.allowsOtherBase();
        ActingAdapters updates = acting(name, anyBase ? adapter.forAnyBase() : adapter);
        String hash = adapter.contentHash();
        synchronized (lock) {
            Slot slot = new Slot(
                    name,
                    directory,
                    updates.bytes(),
                    directory.map(d -> Fingerprint.of(adapter)).orElse(0L),
                    new ServedBy(name, hash, ++generations),
                    differences,
                    anyBase);
            requirePlace(name, instead);
            requireRoom(slot, slots.get(name));
            if (instead) {
                forget(slots.get(name));
            }
            slots.put(name, slot);
            if (makeRoom(slot.bytes)) {
                bytes += slot.bytes;
                keep(slot, new Values(numbers++, updates, slot));
            }
            (instead ? AdapterChange.REPLACED : AdapterChange.REGISTERED).tell(name, slot.bytes);
            lock.notifyAll();
        }
    }

    /** Compares what a receipt says of the base with the model. */
    private List<String> differences(String name, Adapter adapter) {
        if (adapter.receipt().isEmpty()) {
            return List.of();
        }
        try {
            List<String> found = trust.compare(
                    "adapter " + MessageText.name(name), adapter.receipt().get(), BaseContent.hashes(model));
            LOG.info(
                    "adapter {}: compared with its receipt; the base is stored as {}",
                    MessageText.name(name),
                    model.storedAs());
            return found;
        } catch (IncompatibleBaseException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "adapter " + MessageText.name(name) + ": the files of the base cannot be read again: "
                            + e.getMessage(),
                    e);
        }
    }

    private void requirePlace(String name, boolean instead) {
        if (instead) {
            AdapterNames.requireNotBase(name);
            require(name);
        } else {
            AdapterNames.requireFree(name, slots.keySet());
        }
    }

    /** Every adapter must find room when no text is made, and one without a directory at once. */
    private void requireRoom(Slot slot, Slot instead) {
        long pinned = 0;
        long largest = 0;
        for (Slot other : slots.values()) {
            if (other != instead) {
                pinned += other.directory.isEmpty() ? other.bytes : 0;
                largest = Math.max(largest, other.directory.isPresent() ? other.bytes : 0);
            }
        }
        pinned += slot.directory.isEmpty() ? slot.bytes : 0;
        largest = Math.max(largest, slot.directory.isPresent() ? slot.bytes : 0);
        if (largest > bound - pinned) {
            throw new IllegalArgumentException("adapter " + MessageText.name(slot.name) + ": it takes " + slot.bytes
                    + " bytes; adapters without a directory take " + pinned + " and the largest of the others "
                    + largest
                    + ", expected at most " + bound
                    + " together. Raise adapterMemory(...), or register adapters by their directories.");
        }
        long freed = instead != null && instead.values != null && instead.values.users == 0 ? instead.bytes : 0;
        if (slot.directory.isEmpty() && slot.bytes > bound - bytes + freed + droppable(instead)) {
            throw new IllegalStateException("adapter " + MessageText.name(slot.name) + ": it takes " + slot.bytes
                    + " bytes, and texts are made with adapters of " + (bytes - droppable(null)) + "; expected at most "
                    + bound + " together. Register it when they are done, or by its directory.");
        }
    }

    private long droppable(Slot except) {
        return leastRecentFirst.stream()
                .filter(slot -> slot != except && isDroppable(slot))
                .mapToLong(slot -> slot.bytes)
                .sum();
    }

    private static boolean isDroppable(Slot slot) {
        return slot.directory.isPresent() && slot.values.users == 0;
    }

    void remove(String name) {
        synchronized (lock) {
            Slot slot = require(name);
            forget(slot);
            AdapterChange.REMOVED.tell(name, slot.bytes);
            lock.notifyAll();
        }
    }

    private void forget(Slot slot) {
        slots.remove(slot.name);
        drop(slot);
    }

    private void keep(Slot slot, Values values) {
        slot.values = values;
        leastRecentFirst.add(slot);
    }

    private void drop(Slot slot) {
        if (leastRecentFirst.remove(slot)) {
            slot.values.isKept = false;
            free(slot.values);
            slot.values = null;
        }
    }

    private void free(Values values) {
        if (!values.isKept && values.users == 0) {
            bytes -= values.updates.bytes();
        }
    }

    private boolean makeRoom(long wanted) {
        for (Slot slot : new ArrayList<>(leastRecentFirst)) {
            if (bytes + wanted > bound && isDroppable(slot)) {
                drop(slot);
                AdapterChange.DROPPED.tell(slot.name, slot.bytes);
            }
        }
        return bytes + wanted <= bound;
    }

    void requireKnown(String name) {
        synchronized (lock) {
            if (!name.equals(AdapterNames.BASE)) {
                require(name);
            }
        }
    }

    private Slot require(String name) {
        Slot slot = slots.get(name);
        if (slot == null) {
            throw new IllegalArgumentException(AdapterNames.unknown(name, slots.keySet()));
        }
        return slot;
    }

    /**
     * Takes the adapter of a name for a text, as it is now.
     *
     * @return empty while it is read, or has no room beside those that are used
     * @throws IllegalArgumentException if it is not registered any more
     * @throws IOException if it cannot be read again
     */
    Optional<Values> take(String name) throws IOException {
        if (name.equals(AdapterNames.BASE)) {
            return Optional.of(Values.NONE);
        }
        Slot slot = require(name);
        if (slot.problem != null) {
            Exception problem = slot.problem;
            slot.problem = null;
            throw new IOException(
                    "adapter " + MessageText.name(name) + " cannot be read again: " + problem.getMessage(), problem);
        }
        if (slot.values == null) {
            if (!slot.isRead && makeRoom(slot.bytes)) {
                bytes += slot.bytes;
                slot.isRead = true;
                reading.execute(() -> read(slot));
            }
            return Optional.empty();
        }
        leastRecentFirst.remove(slot);
        leastRecentFirst.add(slot);
        slot.values.users++;
        slot.active++;
        used.put(slot.values.number, slot.values.updates);
        return Optional.of(slot.values);
    }

    /** Takes the adapter of an earlier text of a request for a later one, also if another has its name by now. */
    Values again(Values values) {
        if (values == Values.NONE) {
            return values;
        }
        if (!values.isKept && values.users == 0) {
            bytes += values.updates.bytes();
        }
        values.users++;
        values.slot.active++;
        used.put(values.number, values.updates);
        return values;
    }

    /** Gives it back; true if no text has it any more. */
    boolean giveBack(Values values) {
        if (values == Values.NONE) {
            return false;
        }
        values.slot.active--;
        if (--values.users > 0) {
            return false;
        }
        used.remove(values.number);
        free(values);
        lock.notifyAll();
        return true;
    }

    private void read(Slot slot) {
        ActingAdapters updates = null;
        Exception problem = null;
        try {
            updates = acting(
                    slot.name,
                    Fingerprint.reread(slot.name, slot.directory.orElseThrow(), slot.fingerprint, trust, slot.anyBase));
        } catch (IOException | RuntimeException e) {
            problem = e;
        } catch (OutOfMemoryError e) {
            problem = new IllegalStateException("out of memory (" + e.getMessage() + ")", e);
        } finally {
            synchronized (lock) {
                slot.isRead = false;
                slot.problem = problem;
                if (updates != null && slots.get(slot.name) == slot) {
                    keep(slot, new Values(numbers++, updates, slot));
                    AdapterChange.LOADED.tell(slot.name, slot.bytes);
                } else {
                    bytes -= slot.bytes;
                }
                lock.notifyAll();
            }
        }
    }

    /** What an adapter does, as it does where it alone acts on the model; refuses one that does not fit. */
    private ActingAdapters acting(String name, Adapter adapter) {
        synchronized (hosting) {
            if (host == null) {
                host = AdaptedSameDiff.of(DecoderGraph.of(weights, DataType.FLOAT));
            }
            try {
                host.addAdapter(CHECKED, adapter);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "adapter " + MessageText.name(name) + " does not fit the model: " + e.getMessage(), e);
            }
            try {
                host.activate(CHECKED);
                return ActingAdapters.of(host, weights);
            } finally {
                host.activate();
                host.removeAdapter(CHECKED);
            }
        }
    }

    List<ServedStatus> status() {
        synchronized (lock) {
            return slots.values().stream()
                    .map(slot -> new ServedStatus(
                            slot.name,
                            slot.directory,
                            slot.bytes,
                            slot.values != null,
                            slot.by,
                            slot.active,
                            slot.differences,
                            model.storedAs()))
                    .toList();
        }
    }

    long bytes() {
        synchronized (lock) {
            return bytes;
        }
    }

    void clear() {
        synchronized (lock) {
            new HashMap<>(slots).values().forEach(this::forget);
        }
    }

    @Override
    public List<LowRank> lowRank(int adapter, String module) {
        return used.get(adapter).lowRank(adapter, module);
    }

    @Override
    public Optional<INDArray> replaced(int adapter, String tensor) {
        return used.get(adapter).replaced(adapter, tensor);
    }
}
