/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.function.Predicate;
import org.lora4j.config.AdapterConfig;

/**
 * Which parameters are trained fully because a config trains biases: the one rule, for every host and for plain weights.
 *
 * <p>PEFT takes every parameter with "bias" anywhere in its path for {@code bias="all"}, but for the weight of an adapted
 * module, and the biases of adapted modules for {@code "lora_only"}. The packed bias of an attention's projections is never
 * among them.
 *
 * @apiNote Status: internal
 */
public final class TrainedBiases {

    private TrainedBiases() {}

    /**
     * Whether a parameter is trained as a bias.
     *
     * @param isWeight whether it is the weight of a module
     * @param adapted tells of a module by its path whether it is adapted
     */
    public static boolean include(AdapterConfig config, String parameter, boolean isWeight, Predicate<String> adapted) {
        if (parameter.endsWith("in_proj_bias")) {
            return false;
        }
        boolean isAdapted = adapted.test(HostParameter.module(parameter));
        return switch (config.bias()) {
            case NONE -> false;
            case ALL -> parameter.contains("bias") && !(isWeight && isAdapted);
            case ADAPTED_ONLY -> HostParameter.isBias(parameter) && isAdapted;
        };
    }
}
