/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.ArrayText;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The result of one pass forwards and backwards.
 *
 * @param loss the sum of the graph's loss variables
 * @param gradients the gradient of {@code loss} by the name of the trainable variable, each of its variable's shape
 * @param unreached names of trainable variables that the loss of this batch does not depend on, whatever their values:
 *     they have no gradient here, or one of zeros that counts for nothing. A step in which no batch reaches them leaves them and what an optimizer remembers of
 *     them as they are, which a gradient of zeros would not
 * @apiNote Status: stable
 */
public record LossAndGradients(double loss, Map<String, INDArray> gradients, Set<String> unreached) {

    /**
     * Copies the names.
     *
     * @param loss as in the record
     * @param gradients as in the record
     * @param unreached as in the record
     */
    public LossAndGradients {
        unreached = Set.copyOf(unreached);
    }

    /**
     * A result in which every variable has a gradient.
     *
     * @param loss as in the record
     * @param gradients as in the record
     */
    public LossAndGradients(double loss, Map<String, INDArray> gradients) {
        this(loss, gradients, Set.of());
    }

    /**
     * The same result, some variables of which turned out to have no part in the batch, such as those of an update that was
     * dropped.
     *
     * @param names names of trainable variables
     * @return a result in which they are not reached, over the same arrays
     */
    public LossAndGradients without(Set<String> names) {
        Set<String> all = new HashSet<>(unreached);
        all.addAll(names);
        return new LossAndGradients(loss, gradients, all);
    }

    @Override
    public String toString() {
        return "LossAndGradients[loss " + loss + ", gradients " + ArrayText.of(gradients) + ", unreached "
                + Problems.quoted(unreached) + "]";
    }
}
