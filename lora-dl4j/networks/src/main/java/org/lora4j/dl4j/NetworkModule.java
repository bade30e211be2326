/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.AdaptableModule;

/**
 * A module of a network: one weight of a layer or of a vertex that has weights itself.
 *
 * @param path the layer's or vertex's name, and behind it, where there are several adaptable weights, the name of the
 *     weight
 * @param layer the layer: its index in a {@code MultiLayerNetwork}, the name of the vertex in a {@code ComputationGraph}
 * @param kind the kind of the layer or vertex, for instance {@code DenseLayer}
 * @param weight the weight
 * @apiNote Status: experimental
 */
public record NetworkModule(String path, String layer, String kind, LayerWeight weight) implements AdaptableModule {

    @Override
    public ModuleShape shape() {
        return weight.shape();
    }

    @Override
    public String toString() {
        return path + ": " + shape() + " (" + kind + ", parameter \"" + layer + "_" + weight.name() + "\")";
    }
}
