/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;
import org.lora4j.internal.checkpoint.CheckpointContent;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A copy of the values of parameters.
 *
 * @apiNote Status: experimental
 */
public final class ParameterSnapshot implements AutoCloseable {

    private final List<TrainableParameter> parameters;
    private final List<INDArray> copies;

    private ParameterSnapshot(List<TrainableParameter> parameters) {
        this.parameters = List.copyOf(parameters);
        this.copies = parameters.stream().map(p -> p.value().dup()).toList();
    }

    /**
     * Copies values.
     *
     * @param parameters the parameters; changed by {@link #restore} only
     * @return the snapshot
     */
    public static ParameterSnapshot of(List<TrainableParameter> parameters) {
        return new ParameterSnapshot(parameters);
    }

    /**
     * Writes the copied values back to the live arrays, equal in every bit.
     *
     * @throws IllegalStateException if the snapshot is closed
     */
    public void restore() {
        if (copies.stream().anyMatch(INDArray::wasClosed)) {
            throw new IllegalStateException(
                    "ParameterSnapshot: restore() after close(); expected an open one. Restore before closing");
        }
        for (int i = 0; i < copies.size(); i++) {
            parameters.get(i).value().assign(copies.get(i));
        }
    }

    /** Copies the values again, over the old ones. */
    void refresh() {
        for (int i = 0; i < copies.size(); i++) {
            copies.get(i).assign(parameters.get(i).value());
        }
    }

    void save(CheckpointContent to) {
        for (int i = 0; i < copies.size(); i++) {
            to.put(String.valueOf(i), copies.get(i));
        }
    }

    void load(CheckpointContent from) {
        for (int i = 0; i < copies.size(); i++) {
            copies.get(i).assign(from.array(String.valueOf(i), copies.get(i)));
        }
    }

    /** Frees the copies. */
    @Override
    public void close() {
        copies.forEach(INDArray::close);
    }

    @Override
    public String toString() {
        return "ParameterSnapshot[" + parameters.size() + " parameters]";
    }
}
