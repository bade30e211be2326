/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.dl4j.layer.LayerWeight;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.method.AdapterMethod;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;

/** A place in a network: a layer, or a vertex of a graph that holds none. Configurations are only read. */
sealed interface NetworkSite permits LayerSite, VertexSite {

    /** The name before the underscore in names of parameters: the index of a layer, the name of a vertex. */
    String key();

    /** The name that targets and adapter files use. */
    String path();

    /** The stock class of the configuration, without its package. */
    String kind();

    /** Why a network with this in it gets no adapters, if that is so. */
    Optional<String> obstacle();

    /** Whether it can hold updates. */
    boolean isAdaptable();

    /** The weights that can be adapted. */
    List<LayerWeight> weights();

    /** Whether its weights can have updates of a method. */
    boolean has(AdapterMethod method);

    /** Why there are no weights that can be adapted, where there are none. */
    String refusal();

    /** What files call a parameter that is no weight of a module. */
    String nameInFiles(String parameter);

    /**
     * Whether a parameter that is no weight of a module is one number for each feature, which files have along one axis.
     *
     * @param parameter name within the layer
     * @return true for gains that multiply features
     */
    default boolean isVector(String parameter) {
        return false;
    }

    /** A slot as the layer that runs has it, which may be inside of another one. */
    default LoraSlot running(LoraSlot slot) {
        return slot;
    }

    /** The parameters over an array that has the values of all of them, as views by name. */
    Map<String, INDArray> table(INDArray values);

    /** Whether the stock form returns gradients twice too large, so that it may not stay even where all of it learns. */
    boolean doublesGradients();

    /** Whether the adapted form leaves out the gradient of its input when nothing below learns. */
    boolean canEndGradients();

    /** What it draws random numbers for in training though it is frozen, as a verb and what follows. */
    Optional<String> randomness();

    /** What updates its parameters and factors if they learn. */
    Set<IUpdater> updaters();

    /** What stands in the way of these updates. */
    List<String> problems(LoraSettings settings);

    /** The same place, with updates and all else frozen. */
    NetworkSite adapted(LoraSettings settings);

    /** The same place as DL4J freezes it, which ends the backward pass. */
    NetworkSite stopped(LoraSettings settings);
}
