/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.tensor;

import java.util.Collections;
import java.util.Map;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.format.TensorEntry;

/**
 * The tensors of one open file by name, with the checks of a caller's arguments that all readers share.
 *
 * <p><b>Threads.</b> Safe: nothing changes.
 *
 * @apiNote Status: internal
 */
public final class TensorIndex {

    private final String file;
    private final Map<String, TensorEntry> entries;

    /**
     * Makes an index.
     *
     * @param file what messages call the file
     * @param entries by name, in the order to show; not copied
     */
    public TensorIndex(String file, Map<String, TensorEntry> entries) {
        this.file = file;
        this.entries = Collections.unmodifiableMap(entries);
    }

    /**
     * All entries.
     *
     * @return by name, not to be changed
     */
    public Map<String, TensorEntry> entries() {
        return entries;
    }

    /**
     * One entry.
     *
     * @param name key in the file
     * @throws IllegalArgumentException if there is none; the message offers the closest names
     */
    public TensorEntry entry(String name) {
        TensorEntry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException(file + ": no tensor " + MessageText.name(name) + " among "
                    + entries.size() + ClosestNames.hint(name, entries.keySet()));
        }
        return entry;
    }

    /**
     * Checks that a range of bytes lies within a tensor of this file.
     *
     * @param from first byte within it
     * @param length number of bytes
     * @throws IllegalArgumentException if it does not
     */
    public void checkRange(TensorEntry entry, long from, int length) {
        if (!entry.equals(entries.get(entry.name()))) {
            throw new IllegalArgumentException(file + ": " + entry + " is not an entry of this file; ask tensor(name)");
        }
        if (from < 0 || length < 0 || from > entry.byteCount() - length) {
            throw new IllegalArgumentException(file + ": bytes [" + from + ", +" + length + ") of tensor "
                    + MessageText.name(entry.name()) + "; expected within its " + entry.byteCount() + " bytes");
        }
    }
}
