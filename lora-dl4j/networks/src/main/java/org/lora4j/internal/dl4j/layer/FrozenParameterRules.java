/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.constraint.BaseConstraint;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;
import org.lora4j.error.MessageText;
import org.lora4j.method.AdapterMethod;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * The answers by which frozen parameters stay frozen: configurations of adapted layers return these where DL4J asks how to
 * update, regularize and constrain a parameter.
 *
 * <p>They are methods and not values of fields, because {@code FineTuneConfiguration} and the defaults of a network
 * overwrite the fields.
 *
 * @apiNote Status: internal
 */
public final class FrozenParameterRules {

    private FrozenParameterRules() {}

    /** No updater state and no change, unless the parameter learns. */
    public static IUpdater updater(LoraSettings settings, String parameter, IUpdater stock) {
        return settings.learns(parameter) ? stock : new NoOp();
    }

    /** No L1, L2 or weight decay, unless the parameter learns. */
    public static List<Regularization> regularization(
            LoraSettings settings, String parameter, List<Regularization> stock) {
        return settings.learns(parameter) ? refusing(settings, parameter, stock) : null;
    }

    /** With a refusal where {@code fit} would leave out what a method does in each step. */
    private static List<Regularization> refusing(LoraSettings settings, String parameter, List<Regularization> stock) {
        Optional<AdapterMethod> method = settings.slots().stream()
                .filter(slot -> slot.names().contains(parameter))
                .map(LoraSlot::arithmetic)
                .filter(asked -> asked.traits().hasStepRule())
                .findFirst();
        if (method.isEmpty()) {
            return stock;
        }
        List<Regularization> all = new ArrayList<>(stock == null ? List.of() : stock);
        all.add(new RefusedFit(method.get().traits().name()));
        return all;
    }

    /** As above for a layer, whose stock answer may know none but the stock parameters. */
    public static List<Regularization> regularization(
            Layer layer, String parameter, List<Regularization> weights, List<Regularization> biases) {
        ParamInitializer kinds = layer.initializer();
        boolean weight = kinds.isWeightParam(layer, parameter);
        List<Regularization> stock = weight ? weights : kinds.isBiasParam(layer, parameter) ? biases : null;
        return layer instanceof LoraLayer adapted && adapted.lora().learns(parameter)
                ? refusing(adapted.lora(), parameter, stock)
                : stock;
    }

    /** The constraints without those of frozen parameters; {@code settings} is null while a layer is under construction. */
    public static List<LayerConstraint> constraints(LoraSettings settings, List<LayerConstraint> stock) {
        if (stock == null || settings == null) {
            return stock;
        }
        List<LayerConstraint> kept = new ArrayList<>();
        for (LayerConstraint constraint : stock) {
            LayerConstraint copy = constraint.clone();
            if (copy instanceof BaseConstraint known) {
                Set<String> learning = new LinkedHashSet<>(known.getParams());
                learning.removeIf(name -> !settings.learns(name));
                known.setParams(learning);
                if (learning.isEmpty()) {
                    continue;
                }
            }
            kept.add(copy);
        }
        return kept.isEmpty() ? null : kept;
    }

    /**
     * Refuses another size of a layer that carries adapters: stock calls such as {@code nOutReplace} would fill the base's
     * weights with new random values.
     */
    public static void requireSameSize(LoraSettings settings, String layer, String size, long now, long wanted) {
        if (settings != null && now > 0 && now != wanted) {
            throw new IllegalStateException(
                    "layer " + MessageText.name(layer) + ": " + size + " = " + wanted + "; expected " + now
                            + ", because the layer carries frozen weights and adapters that a new size would throw away."
                            + " Unload the adapters, change the stock network, and attach a new adapter to the result.");
        }
    }

    /** Refuses the same number of outputs as well: only {@code nOutReplace} sets it, to start over with new values. */
    public static void requireNoNewOutputs(LoraSettings settings, String layer, long now, long wanted) {
        requireSameSize(settings, layer, "nOut", now, wanted);
        if (settings != null && now > 0) {
            throw new IllegalStateException("layer " + MessageText.name(layer) + ": nOut is set again, to " + wanted
                    + "; expected it left alone, because nOutReplace fills the layer's frozen weights with new random values."
                    + " Unload the adapters, change the stock network, and attach a new adapter to the result.");
        }
    }
}
