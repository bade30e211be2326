/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.List;

/**
 * Where a training graph is cut. Of a network of Deeplearning4j, ops are layers and vertices, and heavy ones those with
 * parameters that are more than a table, a gain or a shift.
 *
 * @param activations names of the variables that are kept, inputs of what trains
 * @param ops number of ops that need not run again
 * @param heavyOps number of matrix products, convolutions and recurrent layers among them
 * @param opsLeft number of ops forwards that still run in every step
 * @apiNote Status: stable
 */
public record FrozenPrefix(List<String> activations, int ops, int heavyOps, int opsLeft) {

    /**
     * Freezes the list.
     *
     * @param activations as in the record
     * @param ops as in the record
     * @param heavyOps as in the record
     * @param opsLeft as in the record
     */
    public FrozenPrefix {
        activations = List.copyOf(activations);
    }
}
