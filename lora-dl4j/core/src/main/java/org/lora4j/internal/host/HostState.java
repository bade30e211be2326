/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The states of an adapted model except whether it is enabled, as one value. What a host builds for a state belongs to the
 * object, not to equal values: arrays of ND4J are equal within a tolerance.
 *
 * @param active active adapters in order
 * @param trainable adapters that learn while they are active
 * @param merged merged adapters in order
 * @param merges merged weights and biases, as the host keeps them
 * @param <M> merged weights of the host, immutable
 * @apiNote Status: internal
 */
public record HostState<M>(List<String> active, Set<String> trainable, List<String> merged, M merges) {

    /** Copies the collections. */
    public HostState {
        active = List.copyOf(active);
        trainable = Set.copyOf(trainable);
        merged = List.copyOf(merged);
    }

    /** No adapter acts. */
    static <M> HostState<M> initial(M noMerges) {
        return new HostState<>(List.of(), Set.of(), List.of(), noMerges);
    }

    HostState<M> withActive(List<String> names) {
        return new HostState<>(names, trainable, merged, merges);
    }

    HostState<M> withTrainable(Set<String> names) {
        return new HostState<>(active, names, merged, merges);
    }

    HostState<M> withMerged(List<String> names, M newMerges) {
        return new HostState<>(active, trainable, names, newMerges);
    }

    /** The active adapters that act through their factors. */
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
