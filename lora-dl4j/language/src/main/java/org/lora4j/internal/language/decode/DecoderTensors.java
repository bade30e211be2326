/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.Optional;
import org.lora4j.quant.StoredWeight;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The weights of a decoder by name.
 *
 * <p><b>Threads.</b> Any; nobody writes to the arrays while a session is open.
 *
 * @apiNote Status: internal
 */
public interface DecoderTensors {

    /**
     * A tensor.
     *
     * @param name its name; that of the head of a tied model gives the embedding table
     * @return the live array in 'c' order: biases and gains FLOAT, matrices and tables FLOAT, BFLOAT16 or HALF; null if there
     *     is none
     */
    INDArray array(String name);

    /**
     * A matrix that is stored in another form.
     *
     * @return the weight, in the layout of the file; empty if {@link #array} has it
     */
    default Optional<StoredWeight> stored(String name) {
        return Optional.empty();
    }
}
