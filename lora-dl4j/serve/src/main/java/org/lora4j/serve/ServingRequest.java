/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Map;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.internal.array.ArrayText;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One or more rows to be computed with one adapter.
 *
 * @param adapter name of an adapter, or {@link AdapterServer#BASE} for none
 * @param inputs an array for each placeholder of the base that the outputs depend on; the first axis is the row, and all
 *     have equally many; read and never written to
 * @apiNote Status: stable
 */
public record ServingRequest(String adapter, Map<String, INDArray> inputs) {

    /**
     * Copies the map, not the arrays.
     *
     * @param adapter name of an adapter
     * @param inputs an array for each placeholder
     * @throws NullPointerException if the adapter, the map, a name or an array is null
     */
    public ServingRequest {
        Arguments.required(adapter, "ServingRequest: adapter", "a name, AdapterServer.BASE for no adapter");
        Arguments.allRequired(inputs, "ServingRequest: inputs", "an array of rows");
        inputs = Map.copyOf(inputs);
    }

    @Override
    public String toString() {
        return "ServingRequest[" + MessageText.name(adapter) + ", " + ArrayText.of(inputs) + "]";
    }
}
