/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import org.lora4j.method.AdapterMethod;
import org.lora4j.method.ModuleShape;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A weight that an adapter changes.
 *
 * @param module path of the module within the adapter
 * @param weight name of the parameter
 * @param bias name of the bias beside it, or null
 * @param shape what the module is
 * @param transposed whether the last two axes of the parameter are the other way round than PEFT's
 * @param rank rank of the update
 * @param scaling factor on the update
 * @param method how the weight is adapted
 */
record WeightSite(
        String module,
        String weight,
        String bias,
        ModuleShape shape,
        boolean transposed,
        int rank,
        double scaling,
        AdapterMethod method) {

    /** Whether the shape does not tell that the parameter is the other way round. */
    boolean isTurnedSquare() {
        return transposed && shape.inputs() == shape.outputs();
    }

    /** A weight in PEFT's layout, from the parameter's or back. */
    INDArray turned(INDArray array) {
        if (!transposed) {
            return array;
        }
        return (array.rank() == 2 ? array.permute(1, 0) : array.permute(0, 2, 1)).dup('c');
    }
}
