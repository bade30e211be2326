/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.cache;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The input of a network and the activations of its layers, as listeners get them, without those of the lowest layers. */
final class PartOfActivations extends AbstractList<INDArray> {

    private final INDArray input;
    private final int first;
    private final List<INDArray> known = new ArrayList<>();

    /** {@code first} is the index of the first activation that will be added. */
    PartOfActivations(INDArray input, int first) {
        this.input = input;
        this.first = first;
    }

    @Override
    public INDArray get(int index) {
        if (index > 0 && index < first) {
            throw new IllegalStateException("activations: those of layer " + (index - 1)
                    + " were not computed, as they lie in the cached prefix; expected the input (0) or layer "
                    + (first - 1) + " and above. Train without the cache where a listener needs them.");
        }
        return index == 0 ? input : known.get(index - first);
    }

    @Override
    public boolean add(INDArray activation) {
        return known.add(activation);
    }

    @Override
    public int size() {
        return first + known.size();
    }
}
