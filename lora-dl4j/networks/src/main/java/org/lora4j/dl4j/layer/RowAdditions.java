/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.lora4j.error.MessageText;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What is added to the products of linear layers while a network is only run: something else for each row, for instance.
 *
 * @apiNote Status: experimental
 */
public interface RowAdditions {

    /** Nothing, anywhere. */
    RowAdditions NONE = new RowAdditions() {
        @Override
        public boolean touches(String module) {
            return false;
        }

        @Override
        public void add(String module, INDArray x, INDArray product) {
            throw new IllegalStateException("module " + MessageText.name(module)
                    + ": found nothing to add; expected not to be asked." + " Ask touches first.");
        }
    };

    /**
     * Whether a module is of interest.
     *
     * @param module path of a module
     * @return whether {@link #add} is to be called
     */
    boolean touches(String module);

    /**
     * Adds to a product before the bias and the activation function.
     *
     * @param module path of a module
     * @param x the input of the module, {@code [rows, in]}; only to be read, and only during the call
     * @param product {@code x W}, {@code [rows, out]} in C order; may be written to during the call
     */
    void add(String module, INDArray x, INDArray product);
}
