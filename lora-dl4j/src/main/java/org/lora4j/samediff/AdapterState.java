/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The states of an adapted graph except whether it is enabled, as one value. Graphs are kept per object, not per equal
 * value: arrays of ND4J are equal within a tolerance.
 *
 * @param active active adapters in order
 * @param trainable adapters that learn while they are active
 * @param merged merged adapters in order
 * @param weights the merged weights by module path, in the layout of the graph
 */
record AdapterState(List<String> active, Set<String> trainable, List<String> merged, Map<String, INDArray> weights) {

    static final AdapterState INITIAL = new AdapterState(List.of(), Set.of(), List.of(), Map.of());

    AdapterState {
        active = List.copyOf(active);
        trainable = Set.copyOf(trainable);
        merged = List.copyOf(merged);
        weights = Map.copyOf(weights);
    }

    AdapterState withActive(List<String> names) {
        return new AdapterState(names, trainable, merged, weights);
    }

    AdapterState withTrainable(Set<String> names) {
        return new AdapterState(active, names, merged, weights);
    }

    AdapterState withMerged(List<String> names, Map<String, INDArray> byModule) {
        return new AdapterState(active, trainable, names, byModule);
    }

    /** The active adapters that act through their factors. */
    List<String> attached() {
        return active.stream().filter(name -> !merged.contains(name)).toList();
    }

    /** The adapters that learn while the model is enabled. */
    Set<String> learning() {
        return merged.isEmpty()
                ? active.stream().filter(trainable::contains).collect(Collectors.toUnmodifiableSet())
                : Set.of();
    }
}
