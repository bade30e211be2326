/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The patches that a convolution sees of an image [batch, channels, sizes...]: one row for each output position, positions
 * of an example one after the other in C order; in a row, channels, then the window.
 */
interface Patches {

    /** The patches of an image: a new array in C order. */
    INDArray rows(INDArray of);

    /** Adds up the patches at the places they came from; overwrites {@code into}, and returns it. */
    INDArray fold(INDArray rows, INDArray into);
}
