/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.adapter;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.lora4j.internal.array.ByteChecksum;
import org.lora4j.internal.array.Region;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Keeps the hash of each array of a base, for all models over it: the hash of a base is computed once, and not again for each of a
 * thousand adapters.
 *
 * <p>Arrays of a base are those of users, who may write to them at any time. So a hash is known by a checksum of the bytes, too, which is
 * computed whenever somebody asks: it takes a twentieth of the time of the hash, sees every change of one element, and others but
 * for one in 2^64.
 *
 * <p>An array is known by its buffer, and forgotten with it. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class SharedHashes {

    private static final Map<Key, Map<Use, Known>> KNOWN = new ConcurrentHashMap<>();

    private static final ReferenceQueue<DataBuffer> FREED = new ReferenceQueue<>();

    /** How an array is read: the same memory may be read under several names and in several ways. */
    private record Use(String name, Region place, String layout) {}

    /** A hash, and the checksum of what it was computed of. */
    private record Known(long checksum, String hash) {}

    private SharedHashes() {}

    /**
     * The hash of an array, a known one if its bytes are the same as then.
     *
     * @param name what the array is, and in which layout it is hashed
     */
    static String of(INDArray array, String name, Supplier<String> computed) {
        if (!ByteChecksum.covers(array)) {
            return computed.get();
        }
        Map<Use, Known> uses = usesOf(array.data());
        Region memory = Region.of(array);
        // Without the owner, which would keep the array.
        Region place = new Region(memory.address(), memory.bytes());
        Use use = new Use(name, place, Arrays.toString(array.shape()) + Arrays.toString(array.stride()));
        Known known = uses.get(use);
        if (known != null && known.checksum() == ByteChecksum.of(array)) {
            return known.hash();
        }
        // One thread computes it, and others wait for it.
        String[] found = new String[1];
        uses.compute(use, (same, before) -> {
            long checksum = ByteChecksum.of(array);
            boolean isKnown = before != null && before.checksum() == checksum;
            found[0] = isKnown ? before.hash() : computed.get();
            // Not kept if somebody wrote meanwhile: nobody knows what it is the hash of.
            return isKnown || ByteChecksum.of(array) == checksum ? new Known(checksum, found[0]) : null;
        });
        return found[0];
    }

    private static Map<Use, Known> usesOf(DataBuffer buffer) {
        for (Reference<?> freed = FREED.poll(); freed != null; freed = FREED.poll()) {
            KNOWN.remove(freed);
        }
        // Views of the parameters of a network have buffers of their own, others each time.
        DataBuffer whole = buffer.originalDataBuffer() == null ? buffer : buffer.originalDataBuffer();
        return KNOWN.computeIfAbsent(new Key(whole), key -> new ConcurrentHashMap<>());
    }

    /** A buffer itself; its {@code equals} would compare values. */
    private static final class Key extends WeakReference<DataBuffer> {
        private final int hash;

        Key(DataBuffer buffer) {
            super(buffer, FREED);
            hash = System.identityHashCode(buffer);
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public boolean equals(Object other) {
            return this == other || other instanceof Key key && get() != null && get() == key.get();
        }
    }
}
