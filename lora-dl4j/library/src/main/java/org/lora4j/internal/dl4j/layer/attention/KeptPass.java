/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a forward pass keeps for the backward pass. */
interface KeptPass {

    /** The output as rows. */
    INDArray output();

    /** All other arrays. */
    List<INDArray> arrays();
}
