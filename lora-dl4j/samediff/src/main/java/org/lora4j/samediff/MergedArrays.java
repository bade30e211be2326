/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Arrays with adapters merged into them, in the layout of the graph.
 *
 * @param leaves for all readers of a leaf, by its name: biases, tables with replaced rows, adapted parameters
 * @param weights for the uses of one module only, by its path
 */
record MergedArrays(Map<String, INDArray> leaves, Map<String, INDArray> weights) {

    static final MergedArrays NONE = new MergedArrays(Map.of(), Map.of());

    MergedArrays {
        leaves = Map.copyOf(leaves);
        weights = Map.copyOf(weights);
    }

    /** These arrays, with others in the place of those of the same names. */
    MergedArrays with(MergedArrays others) {
        Map<String, INDArray> allLeaves = new HashMap<>(leaves);
        allLeaves.putAll(others.leaves);
        Map<String, INDArray> allWeights = new HashMap<>(weights);
        allWeights.putAll(others.weights);
        return new MergedArrays(allLeaves, allWeights);
    }

    long bytes() {
        return Stream.concat(leaves.values().stream(), weights.values().stream())
                .mapToLong(array -> array.length() * array.dataType().width())
                .sum();
    }
}
