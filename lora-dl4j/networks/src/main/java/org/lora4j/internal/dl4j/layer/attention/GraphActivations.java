/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import java.util.EnumMap;
import java.util.Map;
import java.util.function.Supplier;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationLReLU;

/** The activations that layers over SameDiff know, with the values that they have there. */
final class GraphActivations {

    private static final Map<Activation, Supplier<IActivation>> TABLE = new EnumMap<>(Activation.class);

    static {
        for (Activation same : new Activation[] {
            Activation.CUBE,
            Activation.ELU,
            Activation.HARDTANH,
            Activation.IDENTITY,
            Activation.RELU,
            Activation.SIGMOID,
            Activation.SOFTMAX,
            Activation.SOFTPLUS,
            Activation.SOFTSIGN,
            Activation.TANH,
            Activation.GELU
        }) {
            TABLE.put(same, same::getActivationFunction);
        }
        // The slope of Activation.asSameDiff.
        TABLE.put(Activation.LEAKYRELU, () -> new ActivationLReLU(0));
    }

    private GraphActivations() {}

    static IActivation of(Activation activation, String layer) {
        Supplier<IActivation> known = activation == null ? null : TABLE.get(activation);
        if (known == null) {
            throw new IllegalArgumentException("layer " + layer + ": activation = " + activation
                    + ", which the stock layer cannot compute; expected one of " + TABLE.keySet()
                    + ". Choose another activation.");
        }
        return known.get();
    }
}
