/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.host;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The states of an adapted model except whether it is enabled, as one value. What a host builds for a state belongs to the
 * object, not to equal values: arrays of ND4J are equal within a tolerance.
 *
 * @param active active adapters in order
 * @param trainable adapters that learn while they are active
 * @param merged merged adapters in order
 * @param merges merged weights and biases by parameter path, in the layout of the host
 * @apiNote Status: experimental
 */
public record HostState(List<String> active, Set<String> trainable, List<String> merged, Map<String, INDArray> merges) {

    /** No adapter acts. */
    public static final HostState INITIAL = new HostState(List.of(), Set.of(), List.of(), Map.of());

    /**
     * Copies the collections.
     *
     * @param active active adapters
     * @param trainable adapters that learn while active
     * @param merged merged adapters
     * @param merges merged parameters
     */
    public HostState {
        active = List.copyOf(active);
        trainable = Set.copyOf(trainable);
        merged = List.copyOf(merged);
        merges = Map.copyOf(merges);
    }

    HostState withActive(List<String> names) {
        return new HostState(names, trainable, merged, merges);
    }

    HostState withTrainable(Set<String> names) {
        return new HostState(active, names, merged, merges);
    }

    HostState withMerged(List<String> names, Map<String, INDArray> byParameter) {
        return new HostState(active, trainable, names, byParameter);
    }

    /**
     * The active adapters that act through their factors.
     *
     * @return names in order
     */
    public List<String> attached() {
        return active.stream().filter(name -> !merged.contains(name)).toList();
    }

    /**
     * The adapters that learn while the model is enabled.
     *
     * @return names; none while anything is merged
     */
    public Set<String> learning() {
        return merged.isEmpty()
                ? active.stream().filter(trainable::contains).collect(Collectors.toUnmodifiableSet())
                : Set.of();
    }
}
