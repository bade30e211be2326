/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.io.IOException;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.internal.serve.AdapterChange;

/**
 * Which adapters are in memory. Over the cap, the least recently used ones that have a directory give up their values;
 * a batch that computes with them keeps its own reference.
 */
final class Residents {

    private final long cap;
    private final Set<Slot> known = new HashSet<>();
    private final LinkedHashSet<Slot> leastRecentFirst = new LinkedHashSet<>();
    private long bytes;

    Residents(long cap) {
        this.cap = cap;
    }

    /** Takes in a new slot in the place of another one or of none ({@code null}). */
    synchronized void register(Slot slot, Slot instead) {
        long pinned = slot.bytes();
        for (Slot other : known) {
            if (other.pinned() && other != instead) {
                pinned += other.bytes();
            }
        }
        if (pinned > cap) {
            throw new IllegalArgumentException("adapter " + MessageText.name(slot.name()) + ": it takes " + slot.bytes()
                    + " bytes, " + pinned
                    + " together with the adapters that have no directory; expected at most the cap of "
                    + cap + ". Raise adapterMemory, or register adapters by their directories.");
        }
        if (instead != null) {
            drop(instead);
        }
        known.add(slot);
        admit(slot);
        (instead == null ? AdapterChange.REGISTERED : AdapterChange.REPLACED).tell(slot.name(), slot.bytes());
    }

    synchronized void forget(Slot slot) {
        drop(slot);
        AdapterChange.REMOVED.tell(slot.name(), slot.bytes());
    }

    private void drop(Slot slot) {
        known.remove(slot);
        if (leastRecentFirst.remove(slot)) {
            bytes -= slot.bytes();
        }
    }

    /** The values of an adapter, paged in if need be. No lock of this object is held while a file is read. */
    ServedAdapter use(Slot slot) throws IOException {
        ServedAdapter adapter = slot.resident();
        if (adapter == null) {
            adapter = slot.load();
            AdapterChange.LOADED.tell(slot.name(), slot.bytes());
        }
        admit(slot);
        return adapter;
    }

    private synchronized void admit(Slot slot) {
        // Removed, or paged out by another thread, while this one was about to use it.
        if (!known.contains(slot) || slot.resident() == null) {
            return;
        }
        if (leastRecentFirst.remove(slot)) {
            leastRecentFirst.add(slot);
            return;
        }
        leastRecentFirst.add(slot);
        bytes += slot.bytes();
        Iterator<Slot> oldest = leastRecentFirst.iterator();
        while (bytes > cap && oldest.hasNext()) {
            Slot candidate = oldest.next();
            if (!candidate.pinned() && candidate != slot) {
                oldest.remove();
                candidate.release();
                bytes -= candidate.bytes();
                AdapterChange.DROPPED.tell(candidate.name(), candidate.bytes());
            }
        }
    }

    synchronized long bytes() {
        return bytes;
    }
}
