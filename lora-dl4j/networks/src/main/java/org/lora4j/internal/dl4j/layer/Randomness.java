/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.Optional;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationRReLU;

/**
 * Layers of Deeplearning4j that draw random numbers in training, frozen or not. Weight noise is none: frozen layers lose it.
 *
 * @apiNote Status: internal
 */
public final class Randomness {

    private Randomness() {}

    /**
     * Whether a layer or one inside of it is random.
     *
     * @param layer its configuration; only read
     * @return what it does, as a verb and what follows; empty if nothing is known
     */
    public static Optional<String> of(Layer layer) {
        if (layer.getIDropout() != null) {
            return Optional.of("has dropout (" + layer.getIDropout().getClass().getSimpleName() + ")");
        }
        if (activation(layer) instanceof ActivationRReLU) {
            return Optional.of("has the activation RReLU, which draws its slopes");
        }
        if (layer instanceof Bidirectional both) {
            return of(both.getFwd()).or(() -> of(both.getBwd()));
        }
        return layer instanceof BaseWrapperLayer wrapper ? of(wrapper.getUnderlying()) : Optional.empty();
    }

    private static IActivation activation(Layer layer) {
        return layer instanceof BaseLayer base
                ? base.getActivationFn()
                : layer instanceof ActivationLayer alone ? alone.getActivationFn() : null;
    }
}
