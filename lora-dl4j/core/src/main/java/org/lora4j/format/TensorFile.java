/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * An open file of named tensors, whatever its format.
 *
 * <p>What the file says of its tensors has been checked against each other and against the file's length when it was
 * opened; elements are read on demand, so that a file may be larger than memory.
 *
 * <p><b>State.</b> Holds the file open until {@link #close}. <b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public interface TensorFile extends Closeable {

    /**
     * All tensors of the file.
     *
     * @return entries by name, in the order of the file; not to be changed
     */
    Map<String, TensorEntry> tensors();

    /**
     * The file's own remarks, where its format has such.
     *
     * @return strings by key, in the order of the file; empty if there are none
     */
    default Map<String, String> metadata() {
        return Map.of();
    }

    /**
     * One tensor of the file.
     *
     * @param name key in the file
     * @return the entry
     * @throws IllegalArgumentException if there is none of that name; the message offers the closest
     */
    TensorEntry tensor(String name);

    /**
     * Copies bytes of a tensor, little endian and row-major.
     *
     * @param entry a tensor of this file
     * @param from first byte within the tensor
     * @param into filled from its position to its limit
     * @throws IllegalArgumentException if the range is not within the tensor, or the entry is of another file
     * @throws IOException if the file cannot be read, has become shorter or is damaged where the tensor lies
     */
    void read(TensorEntry entry, long from, ByteBuffer into) throws IOException;
}
