/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import java.util.List;
import org.lora4j.internal.dl4j.layer.KeptPass;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a forward pass over images leaves.
 *
 * @param z pre-activations
 * @param between what lies between the two steps of a layer that has two; null in others
 */
record ImagePass(INDArray z, INDArray between) implements KeptPass {

    @Override
    public List<INDArray> arrays() {
        return between == null ? List.of(z) : List.of(z, between);
    }
}
