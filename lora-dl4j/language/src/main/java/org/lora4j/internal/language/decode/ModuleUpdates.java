/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.List;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What adapters do to the modules of a decoder, as products with rows see it. Adapters have numbers from 0; each sequence of
 * a session has one, or none. A session asks once for each module and adapter, when it first needs the answer.
 *
 * <p><b>Threads.</b> Any; arrays must not change while a session has them.
 *
 * @apiNote Status: internal
 */
public interface ModuleUpdates {

    /** No adapters. */
    ModuleUpdates NONE = new ModuleUpdates() {
        @Override
        public List<LowRank> lowRank(int adapter, String module) {
            return List.of();
        }

        @Override
        public Optional<INDArray> replaced(int adapter, String tensor) {
            return Optional.empty();
        }
    };

    /**
     * A pair: {@code y += scale (x A^T) B^T}. B lies turned: the few columns of a pair are long then, which is quicker.
     *
     * @param a FLOAT {@code [rank, inputs]} in 'c' order
     * @param turnedB FLOAT {@code [rank, outputs]} in 'c' order
     * @param scale the factor
     */
    record LowRank(INDArray a, INDArray turnedB, double scale) {}

    /**
     * The pairs that are added to what a linear module gives.
     *
     * @return the pairs, in the order in which they are added; empty if the adapter adds none
     */
    List<LowRank> lowRank(int adapter, String module);

    /**
     * A tensor that an adapter puts in the place of the model's: a weight with an update that is no pair folded in, a bias, or
     * gains that learned.
     *
     * @return a FLOAT array of the shape of the model's, in 'c' order, if there is one
     */
    Optional<INDArray> replaced(int adapter, String tensor);
}
