/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.serve.AdapterNames;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.ServedBy;
import org.lora4j.serve.ServedStatus;
import org.lora4j.serve.UnknownAdapterException;
import org.lora4j.text.TaskHead;
import org.lora4j.text.TextEncoder;

/**
 * What is served by name. Each generation of a name has a name of its own in the server of adapters, so that factors and head of a request
 * always belong together; it goes when its last request is done.
 */
final class TaskShelf {

    private static final int LONGEST_NAME = 200;

    private final AdapterServer adapters;
    private final TaskEntry base;

    /** One change at a time; held while the server of adapters checks and takes factors. */
    private final Object changes = new Object();

    // Guarded by this, for moments.
    private final Map<String, TaskEntry> entries = new TreeMap<>();
    private final Map<String, AdapterMeter> meters = new TreeMap<>();
    private long generations;
    private boolean closed;

    TaskShelf(AdapterServer adapters, TextEncoder encoder) {
        this.adapters = adapters;
        AdapterMeter meter = new AdapterMeter();
        this.base = new TaskEntry(
                ServedBy.NONE,
                TaskKind.VECTORS,
                Optional.empty(),
                encoder,
                AdapterServer.BASE,
                Optional.empty(),
                meter);
        meters.put(AdapterServer.BASE, meter);
    }

    /** Refuses names that would forge a log or a path, and that of the base. */
    static void requireName(String name) {
        AdapterNames.requireNotBase(name);
        boolean folder = !name.isBlank()
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || Character.isISOControl(c));
        Problems problems = new Problems();
        problems.check(
                folder, "it cannot be the name of a folder, expected text without slashes and control characters");
        problems.check(
                name.length() <= LONGEST_NAME,
                "it has " + name.length() + " characters, expected at most " + LONGEST_NAME);
        problems.throwIfAny("adapter name " + MessageText.name(name));
    }

    /**
     * Takes a task under a name.
     *
     * @param again whether the name is taken, and its task exchanged
     * @throws IllegalArgumentException if the name is not as it should be, or the task cannot be served; the shelf stays as it was
     */
    LoadedTask put(String name, TaskHead<?, ?> head, Optional<Path> directory, boolean again) {
        synchronized (changes) {
            requirePlace(name, again);
            TaskKind kind = TaskKind.of(head);
            long generation = nextGeneration();
            String factors = head.factors()
                    .map(adapter -> {
                        // Alone in this form: no name ends in the generation of another.
                        String own = name + "#" + generation;
                        adapters.register(own, adapter);
                        return own;
                    })
                    .orElse(AdapterServer.BASE);
            TaskEntry before;
            TaskEntry entry;
            synchronized (this) {
                before = entries.get(name);
                entry = new TaskEntry(
                        new ServedBy(name, head.contentHash(), generation),
                        kind,
                        Optional.of(head.withoutFactors()),
                        head.encoder(),
                        factors,
                        directory,
                        meters.computeIfAbsent(name, added -> new AdapterMeter()));
                entries.put(name, entry);
            }
            retire(before);
            return described(entry);
        }
    }

    private synchronized long nextGeneration() {
        return ++generations;
    }

    private synchronized void requirePlace(String name, boolean again) {
        requireOpen();
        if (again && !entries.containsKey(name)) {
            throw unknown(name);
        }
        if (!again) {
            AdapterNames.requireFree(name, entries.keySet());
        }
    }

    /** Says early what {@link #put} would refuse, before files are read. */
    void require(String name, boolean again) {
        if (!again) {
            requireName(name);
        }
        requirePlace(name, again);
    }

    /** Removes a name; requests that have its task keep it. */
    void remove(String name) {
        synchronized (changes) {
            TaskEntry before;
            synchronized (this) {
                requireOpen();
                before = entries.remove(name);
                if (before == null) {
                    throw unknown(name);
                }
                meters.remove(name);
            }
            retire(before);
        }
    }

    private void retire(TaskEntry entry) {
        boolean free;
        synchronized (this) {
            free = entry != null && entry.retire();
        }
        if (free) {
            free(entry);
        }
    }

    private void free(TaskEntry entry) {
        if (!entry.factors().equals(AdapterServer.BASE)) {
            adapters.remove(entry.factors());
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new ServerClosedException();
        }
    }

    private UnknownAdapterException unknown(String name) {
        return new UnknownAdapterException(name, entries.keySet());
    }

    /** The task that a name has now, for one request, which gives it back. */
    synchronized TaskEntry lease(String name) {
        TaskEntry entry = find(name);
        entry.lend();
        return entry;
    }

    private TaskEntry find(String name) {
        TaskEntry entry = name.equals(AdapterServer.BASE) ? base : entries.get(name);
        if (entry == null) {
            throw unknown(name);
        }
        return entry;
    }

    /** A request is done with a task. */
    void giveBack(TaskEntry entry) {
        boolean free;
        synchronized (this) {
            free = entry.takeBack() && !closed;
        }
        if (free) {
            free(entry);
        }
    }

    synchronized Set<String> names() {
        return new TreeSet<>(entries.keySet());
    }

    /** What a name has now. */
    LoadedTask described(String name) {
        TaskEntry entry;
        synchronized (this) {
            entry = find(name);
        }
        return described(entry);
    }

    private LoadedTask described(TaskEntry entry) {
        Map<String, ServedStatus> status = status();
        synchronized (this) {
            return described(entry, status);
        }
    }

    private LoadedTask described(TaskEntry entry, Map<String, ServedStatus> status) {
        Optional<ServedStatus> factors = Optional.ofNullable(status.get(entry.factors()));
        return entry.described(
                factors.map(ServedStatus::bytes).orElse(0L),
                factors.map(ServedStatus::differences).orElse(List.of()),
                adapters.storedAs());
    }

    private Map<String, ServedStatus> status() {
        return adapters.status().stream().collect(Collectors.toMap(ServedStatus::name, Function.identity()));
    }

    /** All tasks by name. */
    List<LoadedTask> all() {
        Map<String, ServedStatus> status = status();
        synchronized (this) {
            return entries.values().stream()
                    .map(entry -> described(entry, status))
                    .toList();
        }
    }

    synchronized Map<String, AdapterCounts> counts() {
        Map<String, AdapterCounts> counts = new LinkedHashMap<>();
        meters.forEach((name, meter) -> counts.put(name, meter.counts()));
        return counts;
    }

    /** Takes no more changes. */
    synchronized void close() {
        closed = true;
    }
}
