/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import java.util.Map;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An executor that cuts batches by itself, as its loss is none of single rows. Parts may be computed by others; how many there are does
 * not depend on who computes them.
 *
 * @apiNote Status: internal
 */
public interface PartwiseExecutor extends GraphExecutor {

    /**
     * Computes as {@link #gradients(Map, long)}, to the bit.
     *
     * @param placeholders as there
     * @param seed as there
     * @param sharing who computes the parts
     * @return loss and gradients
     */
    LossAndGradients gradients(Map<String, INDArray> placeholders, long seed, PartSharing sharing);
}
