/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.nio.FloatBuffer;
import java.util.Objects;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.lora4j.internal.array.Lasting;
import org.lora4j.internal.array.Region;

/**
 * Keys and values of one sequence in one layer, {@code [keyHeads, capacity, headSize]} each, written in place. Every token is
 * kept, also where a layer looks at the last ones only: a window is a range of them.
 */
final class KeyValues implements AutoCloseable {

    private static final int LEAST = 64;

    private final int heads;
    private final int size;
    private final int most;
    private int capacity;
    private FloatPointer keys = Lasting.of(new FloatPointer(0));
    private FloatPointer values = Lasting.of(new FloatPointer(0));
    private FloatBuffer keyBuffer;
    private FloatBuffer valueBuffer;

    KeyValues(int heads, int size, int most) {
        this.heads = heads;
        this.size = size;
        this.most = most;
    }

    /** Makes room for a length: twice as much as before, or what is asked for, up to the context. */
    void reserve(int length, int filled) {
        if (length <= capacity) {
            return;
        }
        grow(Math.min(most, Math.max(Math.max(LEAST, 2 * capacity), length)), filled);
    }

    /** Makes room for exactly so many tokens, if there is less. */
    void grow(int grown, int filled) {
        if (grown <= capacity) {
            return;
        }
        FloatPointer moreKeys = grown(keys, grown, filled);
        FloatPointer moreValues;
        try {
            moreValues = grown(values, grown, filled);
        } catch (OutOfMemoryError e) {
            // Everything is as it was: the old ones are still in use.
            moreKeys.close();
            throw e;
        }
        close();
        keys = moreKeys;
        values = moreValues;
        keyBuffer = keys.asBuffer();
        valueBuffer = values.asBuffer();
        capacity = grown;
    }

    private FloatPointer grown(FloatPointer from, int grown, int filled) {
        Objects.checkFromIndexSize(0, filled, capacity);
        FloatPointer to =
                Lasting.of(new FloatPointer((long) Math.multiplyExact(Math.multiplyExact(heads, grown), size)));
        for (int head = 0; head < heads && filled > 0; head++) {
            Pointer.memcpy(
                    to.getPointer(FloatPointer.class, (long) head * grown * size),
                    from.getPointer(FloatPointer.class, (long) head * capacity * size),
                    (long) Float.BYTES * filled * size);
        }
        return to;
    }

    /** Writes what all heads have of one token. */
    void write(int position, float[] key, float[] value, int from) {
        for (int head = 0; head < heads; head++) {
            int at = (head * capacity + position) * size;
            keyBuffer.put(at, key, from + head * size, size);
            valueBuffer.put(at, value, from + head * size, size);
        }
    }

    Region keys(int head, int position) {
        return Region.of(keys).from(Blas.bytes((long) head * capacity + position, size));
    }

    Region values(int head, int position) {
        return Region.of(values).from(Blas.bytes((long) head * capacity + position, size));
    }

    long bytes() {
        return bytes(heads, size, capacity);
    }

    static long bytes(int heads, int size, int capacity) {
        return 2L * Float.BYTES * heads * size * capacity;
    }

    @Override
    public void close() {
        keys.close();
        values.close();
    }
}
