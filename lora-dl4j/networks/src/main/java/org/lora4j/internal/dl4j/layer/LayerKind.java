/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.List;
import java.util.function.Function;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.lora4j.dl4j.layer.LayerWeight;

/**
 * A line of the layer table: a stock kind of layer, what takes its place, and which of its weights can be adapted.
 *
 * @param <C> the stock configuration
 * @param stock class of the stock configuration; subclasses are other kinds
 * @param adapted class of the adapted configuration, which extends the stock one
 * @param common what both extend
 * @param weights the adaptable weights of a configuration of either class
 * @param everyMethod whether every method can adapt them, not LoRA alone
 */
record LayerKind<C extends Layer>(
        Class<? extends C> stock,
        Class<? extends C> adapted,
        Class<C> common,
        Function<C, List<LayerWeight>> weights,
        boolean everyMethod) {

    static <C extends Layer> LayerKind<C> of(
            Class<C> stock, Class<? extends C> adapted, Function<C, List<LayerWeight>> weights) {
        return new LayerKind<>(stock, adapted, stock, weights, false);
    }

    /** A stock class that adds nothing but another name to its superclass. */
    static <C extends Layer> LayerKind<C> alias(
            Class<? extends C> stock,
            Class<? extends C> adapted,
            Class<C> common,
            Function<C, List<LayerWeight>> weights) {
        return new LayerKind<>(stock, adapted, common, weights, false);
    }

    LayerKind<C> withEveryMethod() {
        return new LayerKind<>(stock, adapted, common, weights, true);
    }

    List<LayerWeight> weightsOf(Layer layer) {
        return weights.apply(common.cast(layer));
    }
}
