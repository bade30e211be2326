/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.interpret;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An output of a model as a function of one of its inputs, which can be differentiated.
 *
 * <p><b>Threads.</b> One call at a time.
 *
 * @apiNote Status: internal
 */
public interface ModelFunction {

    /**
     * The output for one input.
     *
     * @param others arrays for the other inputs of the model by name; what is not needed is left out
     */
    INDArray output(INDArray value, Map<String, INDArray> others);

    /**
     * One number of the output on the line between two inputs of equal shape.
     *
     * @param baseline where it begins
     * @param value where it ends
     * @param others as for {@link #output}
     * @param element which number of the output, counted in row-major order
     */
    Line between(INDArray baseline, INDArray value, Map<String, INDArray> others, long element);
}
