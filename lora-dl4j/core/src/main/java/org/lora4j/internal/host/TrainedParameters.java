/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.Problems;

/**
 * Which parameters of a base are trained and saved in full: those of modules to save, those of normalizations that are
 * targets, and biases. The one rule, for every host and for plain weights.
 *
 * @apiNote Status: internal
 */
public final class TrainedParameters {

    private TrainedParameters() {}

    /**
     * Whether a parameter is trained in full.
     *
     * @param isWeight whether it is the weight of a module that could have factors
     * @param adapted tells of a module by its path whether it is adapted
     * @return whether it is; of a layer that multiplies and normalizes the weight is not, if the layer is a target
     */
    public static boolean include(AdapterConfig config, String parameter, boolean isWeight, Predicate<String> adapted) {
        String module = HostParameter.module(parameter);
        if (config.isTrainedTarget(module)) {
            return !isWeight;
        }
        return config.savesFully(module) || TrainedBiases.include(config, parameter, isWeight, adapted);
    }

    /**
     * Checks that targets that are trained themselves are normalizations.
     *
     * @param parameters whether it is the weight of a module that could have factors, by path of the parameter
     * @param problems receives targets that have such a weight and no gain
     */
    public static void requireNormalizations(AdapterConfig config, Map<String, Boolean> parameters, Problems problems) {
        Map<String, List<String>> ofTargets = new LinkedHashMap<>();
        parameters.keySet().stream()
                .filter(path -> config.isTrainedTarget(HostParameter.module(path)))
                .forEach(path -> ofTargets
                        .computeIfAbsent(HostParameter.module(path), module -> new ArrayList<>())
                        .add(path));
        ofTargets.forEach((module, paths) -> problems.check(
                paths.stream().noneMatch(parameters::get)
                        || paths.stream().anyMatch(path -> !parameters.get(path) && !HostParameter.isBias(path)),
                "target \"" + module + "\" has a weight and no gain, expected a normalization; modulesToSave trains any"
                        + " module in full"));
    }
}
