/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.adapter;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Keeps hashes of arrays that many models share and nobody writes to, such as the weights of an encoder: a server of a thousand
 * tasks computes those of its base once, and not for every task anew. Half of the time in which a task is loaded was this hash.
 *
 * <p>An array is known by its buffer, and forgotten with it. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class SharedHashes {

    /** Hashes by path, shape and strides, as the same buffer may be read under several names and in several ways. */
    private static final Map<Key, Map<String, String>> KNOWN = new ConcurrentHashMap<>();

    private static final ReferenceQueue<DataBuffer> FREED = new ReferenceQueue<>();

    private SharedHashes() {}

    /** Keeps hashes of these arrays from now on, as their owner never writes to them. */
    public static void keep(Collection<INDArray> arrays) {
        for (Reference<?> freed = FREED.poll(); freed != null; freed = FREED.poll()) {
            KNOWN.remove(freed);
        }
        arrays.forEach(array -> KNOWN.computeIfAbsent(new Key(array.data()), key -> new ConcurrentHashMap<>()));
    }

    /** The hash of an array under a path: a kept one, or a computed one. */
    static String of(INDArray array, String path, Supplier<String> computed) {
        Map<String, String> kept = array.offset() == 0 ? KNOWN.get(new Key(array.data())) : null;
        String how = path + Arrays.toString(array.shape()) + Arrays.toString(array.stride());
        return kept == null ? computed.get() : kept.computeIfAbsent(how, absent -> computed.get());
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
