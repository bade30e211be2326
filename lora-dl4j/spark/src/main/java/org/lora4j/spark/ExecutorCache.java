/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an executor holds once for all its tasks: bases, and models over them. A value is opened by the first task that asks, stays as
 * long as a task has it, and then until others are wanted more.
 *
 * <p><b>Threads.</b> Safe. Equal values are opened once, different ones at the same time.
 */
final class ExecutorCache {

    /** Bases by the hash of their content: each may take gigabytes. */
    static final ExecutorCache BASES = new ExecutorCache(1);

    /** Models over them, which keep their base. */
    static final ExecutorCache MODELS = new ExecutorCache(1);

    private final int mostIdle;
    private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    private static final class Entry {
        private AutoCloseable value;
        private int leases;
    }

    /** Opens a value. */
    interface Opener<V extends AutoCloseable> {
        V open() throws IOException;
    }

    ExecutorCache(int mostIdle) {
        this.mostIdle = mostIdle;
    }

    /** The use of a value. */
    static final class Lease<V extends AutoCloseable> implements AutoCloseable {

        private final V value;
        private final Runnable end;
        private boolean ended;

        private Lease(V value, Runnable end) {
            this.value = value;
            this.end = end;
        }

        V value() {
            return value;
        }

        @Override
        public synchronized void close() {
            if (!ended) {
                ended = true;
                end.run();
            }
        }
    }

    /**
     * Takes a value.
     *
     * @param key what it is, by content; equal keys are of one class
     * @return its use, to be closed
     */
    @SuppressWarnings("unchecked")
    <V extends AutoCloseable> Lease<V> take(String key, Opener<V> opener) throws IOException {
        Entry entry;
        synchronized (entries) {
            entry = entries.computeIfAbsent(key, of -> new Entry());
            entry.leases++;
        }
        boolean opened = false;
        try {
            synchronized (entry) {
                if (entry.value == null) {
                    entry.value = opener.open();
                }
            }
            opened = true;
            return new Lease<>((V) entry.value, () -> giveBack(entry));
        } finally {
            if (!opened) {
                giveBack(entry);
            }
        }
    }

    private void giveBack(Entry entry) {
        List<AutoCloseable> unwanted = new ArrayList<>();
        synchronized (entries) {
            entry.leases--;
            long idle = entries.values().stream().filter(of -> of.leases == 0).count();
            Iterator<Entry> oldest = entries.values().iterator();
            while (oldest.hasNext() && idle > mostIdle) {
                Entry next = oldest.next();
                if (next.leases == 0) {
                    oldest.remove();
                    idle--;
                    if (next.value != null) {
                        unwanted.add(next.value);
                    }
                }
            }
        }
        unwanted.forEach(ExecutorCache::close);
    }

    private static void close(AutoCloseable value) {
        try {
            value.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("a base could not be closed: " + e.getMessage(), e);
        }
    }
}
