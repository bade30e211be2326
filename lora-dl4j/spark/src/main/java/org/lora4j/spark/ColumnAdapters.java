/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.Path;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.file.TemporaryFolder;

/**
 * The adapters that rows name, read from their folders when the first row asks, and registered with a server. Those that have not been
 * asked for the longest go when there are too many; none goes while a batch uses it.
 *
 * <p><b>Threads.</b> Safe.
 */
final class ColumnAdapters {

    private final Configuration hadoop;
    private final Path folder;
    private final Registry registry;
    private final int most;
    private final Map<String, Integer> uses = new LinkedHashMap<>(16, 0.75f, true);

    /** Where adapters are registered. */
    interface Registry {

        void register(String name, java.nio.file.Path directory) throws IOException;

        void remove(String name);
    }

    /**
     * For a server.
     *
     * @param folder where the folder of each adapter is
     * @param most how many are kept
     */
    ColumnAdapters(Configuration hadoop, String folder, Registry registry, int most) {
        this.hadoop = hadoop;
        this.folder = new Path(folder);
        this.registry = registry;
        this.most = most;
    }

    /** What a server calls the adapter of a name: any text may be a name, but servers take few characters. */
    static String served(String name) {
        return Sha256.of(name.getBytes(StandardCharsets.UTF_8));
    }

    /** Work with adapters that are there meanwhile. */
    interface Work<T> {
        T get();
    }

    /**
     * Does some work.
     *
     * @param names the adapters that it needs
     * @throws IllegalArgumentException if one is not there or cannot be used; the message says which
     */
    <T> T with(Collection<String> names, Work<T> work) {
        Set<String> wanted = new LinkedHashSet<>(names);
        Set<String> held = new LinkedHashSet<>();
        try {
            for (String name : wanted) {
                hold(name);
                held.add(name);
            }
            return work.get();
        } finally {
            letGo(held);
        }
    }

    private synchronized void hold(String name) {
        Integer before = uses.get(name);
        if (before == null) {
            register(name);
            before = 0;
        }
        uses.put(name, before + 1);
    }

    private void register(String name) {
        Path own = new Path(folder, KeyNames.folder(name));
        try (TemporaryFolder local = TemporaryFolder.create()) {
            read(own).writeTo(local.folder());
            registry.register(served(name), local.folder());
        } catch (IOException | IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "the adapter " + MessageText.name(name) + " cannot be used: " + e.getMessage(), e);
        }
    }

    /** What a file system fails to give may come when it is asked again, which Spark does for a task that failed. */
    private SavedFiles read(Path own) throws IOException {
        try {
            return ModelFolder.readAny(hadoop, own);
        } catch (FileNotFoundException | ChecksumException | AdapterFormatException e) {
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException(own + ": the adapter could not be read: " + e.getMessage(), e);
        }
    }

    private synchronized void letGo(Set<String> names) {
        names.forEach(name -> uses.merge(name, -1, Integer::sum));
        Iterator<Map.Entry<String, Integer>> oldest = uses.entrySet().iterator();
        while (uses.size() > most && oldest.hasNext()) {
            Map.Entry<String, Integer> next = oldest.next();
            if (next.getValue() == 0) {
                registry.remove(served(next.getKey()));
                oldest.remove();
            }
        }
    }
}
