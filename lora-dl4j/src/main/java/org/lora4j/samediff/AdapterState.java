/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The states of an adapted graph except whether it is enabled, as one value. Graphs are kept per object, not per equal
 * value: arrays of ND4J are equal within a tolerance.
 *
 * @param active active adapters in order
 * @param trainable adapters that learn while they are active
 * @param merged merged adapters in order
 * @param arrays the merged arrays
 */
record AdapterState(List<String> active, Set<String> trainable, List<String> merged, MergedArrays arrays) {

    static final AdapterState INITIAL = new AdapterState(List.of(), Set.of(), List.of(), MergedArrays.NONE);

    AdapterState {
        active = List.copyOf(active);
        trainable = Set.copyOf(trainable);
        merged = List.copyOf(merged);
    }

    AdapterState withActive(List<String> names) {
        return new AdapterState(names, trainable, merged, arrays);
    }

    AdapterState withTrainable(Set<String> names) {
        return new AdapterState(active, names, merged, arrays);
    }

    AdapterState withMerged(List<String> names, MergedArrays merges) {
        return new AdapterState(active, trainable, names, merges);
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
