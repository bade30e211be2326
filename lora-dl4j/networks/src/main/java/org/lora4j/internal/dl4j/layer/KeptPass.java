/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a forward pass leaves for the backward pass of its step.
 *
 * @apiNote Status: internal
 */
public interface KeptPass {

    /** Every array that the backward pass reads; none is null. */
    List<INDArray> arrays();
}
