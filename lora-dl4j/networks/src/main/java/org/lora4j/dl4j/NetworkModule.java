/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.Objects;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.AdaptableModule;

/**
 * A module of a network: one weight of a layer or of a vertex that has weights itself.
 *
 * <p><b>State.</b> Immutable.
 *
 * @apiNote Status: stable
 */
public final class NetworkModule implements AdaptableModule {

    private final String path;
    private final String layer;
    private final String kind;
    private final LayerWeight weight;

    NetworkModule(String path, String layer, String kind, LayerWeight weight) {
        this.path = path;
        this.layer = layer;
        this.kind = kind;
        this.weight = weight;
    }

    /**
     * The path of the module.
     *
     * @return the layer's or vertex's name, and behind it, where there are several adaptable weights, the name of the weight
     */
    @Override
    public String path() {
        return path;
    }

    /**
     * The layer.
     *
     * @return its index in a {@code MultiLayerNetwork}, the name of the vertex in a {@code ComputationGraph}
     */
    public String layer() {
        return layer;
    }

    /**
     * The kind of the layer or vertex.
     *
     * @return for instance {@code DenseLayer}
     */
    public String kind() {
        return kind;
    }

    LayerWeight weight() {
        return weight;
    }

    @Override
    public ModuleShape shape() {
        return weight.shape();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NetworkModule module
                && path.equals(module.path)
                && layer.equals(module.layer)
                && kind.equals(module.kind)
                && weight.equals(module.weight);
    }

    @Override
    public int hashCode() {
        return Objects.hash(path, layer, kind, weight);
    }

    @Override
    public String toString() {
        return path + ": " + shape() + " (" + kind + ", parameter \"" + layer + "_" + weight.name() + "\")";
    }
}
