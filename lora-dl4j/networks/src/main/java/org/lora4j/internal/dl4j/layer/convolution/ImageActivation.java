/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Activation functions of images, computed in the order in which the values lie in memory. The stock convolution leaves
 * channel after channel, seen as example after example, and native loops over such a view take two hundred times as long.
 */
final class ImageActivation {

    private ImageActivation() {}

    /** The activations; may overwrite {@code z}. */
    static INDArray forward(IActivation function, INDArray z, boolean training) {
        return isByChannel(function, z)
                ? Positions.byChannel(function.getActivation(Positions.byChannel(z), training))
                : function.getActivation(z, training);
    }

    /** The gradient of {@code z}, which may be overwritten. */
    static INDArray backward(IActivation function, INDArray z, INDArray epsilon) {
        if (isByChannel(function, z)) {
            INDArray delta = function.backprop(Positions.byChannel(z), dense(Positions.byChannel(epsilon)))
                    .getFirst();
            return Positions.byChannel(delta);
        }
        INDArray same = Positions.isDense(z) ? dense(epsilon) : epsilon;
        return function.backprop(z, same).getFirst();
    }

    // A function of somebody else may tell the axes apart. Those of ND4J look at single values or at the last axis.
    private static boolean isByChannel(IActivation function, INDArray z) {
        return !Positions.isDense(z)
                && Positions.isDense(Positions.byChannel(z))
                && function.getClass().getPackageName().equals(ActivationReLU.class.getPackageName());
    }

    private static INDArray dense(INDArray array) {
        return Positions.isDense(array) ? array : array.dup('c');
    }
}
