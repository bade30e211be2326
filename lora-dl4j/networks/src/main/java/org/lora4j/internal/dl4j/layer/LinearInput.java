/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The check that stock layers make of the input of a product.
 *
 * @apiNote Status: internal
 */
public final class LinearInput {

    private LinearInput() {}

    public static void check(INDArray x, INDArray weight, String layer) {
        if (x.rank() != 2 || x.columns() != weight.rows()) {
            throw new DL4JInvalidInputException(
                    "input of " + layer + ": shape " + Arrays.toString(x.shape()) + "; expected [batch, "
                            + weight.size(0) + "]. Check the data, and the input type or preprocessor.");
        }
    }
}
