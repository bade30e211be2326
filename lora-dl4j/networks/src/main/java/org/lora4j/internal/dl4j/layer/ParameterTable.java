/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The parameters of a layer some of which lie outside of its network. Entries are those in the network's array, in its order,
 * because DL4J computes offsets from them; {@link #get} finds the others as well, because layers compute with them.
 *
 * @apiNote Status: internal
 */
public final class ParameterTable extends LinkedHashMap<String, INDArray> {

    private static final long serialVersionUID = 1;

    private final transient Map<String, INDArray> outside;
    private final String layer;

    public ParameterTable(String layer, Map<String, INDArray> outside) {
        this.layer = layer;
        this.outside = Map.copyOf(outside);
    }

    @Override
    public INDArray get(Object name) {
        INDArray own = super.get(name);
        return own != null || name == null ? own : outside.get(name);
    }

    /** Stock layers come here to set a parameter that they do not find. */
    @Override
    public INDArray put(String name, INDArray value) {
        if (outside.containsKey(name)) {
            throw frozen(layer, name);
        }
        return super.put(name, value);
    }

    public static IllegalStateException frozen(String layer, String name) {
        return new IllegalStateException(
                "layer " + MessageText.name(layer) + ": its parameter " + MessageText.name(name)
                        + " is the base's own, which low-memory mode shares; expected one of the network's parameters."
                        + " Adapt a base with other values, or use MemoryMode.IN_VIEW.");
    }
}
