/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.input;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tribuo.Example;

/**
 * Features of one domain as inputs of one network.
 *
 * <p><b>State.</b> Immutable. <b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public interface InputBinding {

    /**
     * Converts a batch. Features that are not in the domain are left out, as everywhere in Tribuo.
     *
     * @param batch one or more examples
     * @return a new array for each input of the network, by name, one row for each example
     * @throws IllegalArgumentException if an example has no feature of the domain, or a value that is not finite or cannot
     *     be what the network eats
     */
    Map<String, INDArray> convert(List<? extends Example<?>> batch);

    /**
     * How many features of an example the network sees.
     *
     * @param example the example
     * @return the number
     */
    int used(Example<?> example);

    /**
     * Where a feature goes, for explanations.
     *
     * @param feature name of a feature as examples have it
     * @return the index of its number in a row of the first input, counted in row-major order, of token ids its position; empty if
     *     the feature is not of the domain, and by default, as if no feature had a number of its own
     */
    default OptionalInt place(String feature) {
        return OptionalInt.empty();
    }

    /**
     * How long an example is; batches of examples of like length cost least.
     *
     * @param example the example
     * @return the length, or 0 where all are the same
     */
    default int length(Example<?> example) {
        return 0;
    }
}
