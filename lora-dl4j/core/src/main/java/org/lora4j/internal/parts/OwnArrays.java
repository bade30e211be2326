/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Arrays that a pass makes beside its results: masks, rows of a part, inputs in another type. They are closed when it ends,
 * since the garbage collector sees their headers only and not how much memory they hold.
 *
 * @apiNote Status: internal
 */
public final class OwnArrays implements AutoCloseable {

    private final Map<DataBuffer, INDArray> arrays = new IdentityHashMap<>();

    /**
     * Takes those of some arrays that are not among the ones given by a caller.
     *
     * @param found what a pass has
     */
    public void addNew(Collection<INDArray> found, Collection<INDArray> given) {
        found.stream().filter(array -> !array.isEmpty() && array.closeable()).forEach(a -> arrays.put(a.data(), a));
        leave(given);
    }

    /**
     * Leaves out those that are results, too: a gradient may be an input.
     *
     * @param results what the caller gets
     */
    public void leave(Collection<INDArray> results) {
        results.stream().filter(array -> !array.isEmpty()).forEach(array -> arrays.remove(array.data()));
    }

    @Override
    public void close() {
        arrays.values().stream().filter(INDArray::closeable).forEach(INDArray::close);
        arrays.clear();
    }
}
