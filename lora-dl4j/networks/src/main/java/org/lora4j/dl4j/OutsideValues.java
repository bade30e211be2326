/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.lora4j.dl4j.layer.FrozenValues;
import org.lora4j.dl4j.layer.FrozenVector;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Where networks in low-memory mode find the frozen values of a layer: in the base's own array, or, where some differ in a
 * state, in a copy of the layer's part of it.
 */
final class OutsideValues {

    private final FrozenVector base;
    private final Map<String, Part> parts;

    /** The part of a network's array of parameters that belongs to a layer. */
    record Part(long from, long length) {}

    private OutsideValues(FrozenVector base, Map<String, Part> parts) {
        this.base = base;
        this.parts = parts;
    }

    /** Registers the base, which reads all its parameters once. */
    static <N extends Model> OutsideValues of(N base, NetworkAccess<N> access) {
        return new OutsideValues(FrozenVector.of(base.params()), access.parts(base));
    }

    /**
     * The values of a layer or a vertex.
     *
     * @param moved values that differ from the base's, by name
     * @return null for places without parameters
     */
    FrozenValues of(NetworkSite site, Map<String, INDArray> moved) {
        Part part = parts.get(site.key());
        if (part.length() == 0) {
            return null;
        }
        FrozenValues own = base.part(part.from(), part.length());
        if (moved.isEmpty()) {
            return own;
        }
        INDArray copy = own.values("layer \"" + site.path() + "\"").dup('c');
        Map<String, INDArray> table = site.table(copy);
        moved.forEach((name, value) -> table.get(name).assign(value));
        return FrozenVector.of(copy).part(0, copy.length());
    }
}
