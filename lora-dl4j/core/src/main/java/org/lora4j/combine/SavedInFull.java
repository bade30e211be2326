/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.peft.PeftKeys;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Which parameters of a tuned model go into an extracted adapter as they are.
 *
 * @param config the config that says so
 * @param parameters the parameters by name
 */
record SavedInFull(LoraConfig config, Map<String, INDArray> parameters) {

    static SavedInFull of(LoraConfig asked, ModelDifference difference, boolean saveOthers) {
        LoraConfig config = saveOthers ? withOthers(asked, difference) : asked;
        Map<String, INDArray> saved = new TreeMap<>();
        difference.tunedOthers().forEach((name, array) -> {
            // Counters and the like cannot be part of an adapter.
            if (array.dataType().isFPType() && isSaved(config, difference, name)) {
                saved.put(name, array);
            }
        });
        return new SavedInFull(config, saved);
    }

    private static boolean isSaved(LoraConfig config, ModelDifference difference, String name) {
        String module = PeftKeys.moduleOf(name);
        return config.savesFully(module)
                || (config.bias() == BiasTraining.ALL && name.contains("bias"))
                || (config.bias() == BiasTraining.ADAPTED_ONLY && isBiasOfTarget(difference, name));
    }

    private static boolean isBiasOfTarget(ModelDifference difference, String name) {
        return name.endsWith(".bias") && difference.targets().contains(PeftKeys.moduleOf(name));
    }

    private static LoraConfig withOthers(LoraConfig asked, ModelDifference difference) {
        Set<String> modules = new LinkedHashSet<>(asked.modulesToSave());
        BiasTraining bias = asked.bias();
        Problems problems = new Problems();
        for (String name : difference.changedOthers()) {
            if (isSaved(asked, difference, name)) {
                continue;
            }
            if (isBiasOfTarget(difference, name)) {
                bias = BiasTraining.ADAPTED_ONLY;
            } else {
                modules.add(PeftKeys.moduleOf(name));
                checkApart(name, difference, problems);
            }
        }
        problems.throwIfAny("LoraExtraction");
        return asked.toBuilder()
                .modulesToSave(modules.stream().toList())
                .bias(bias)
                .build();
    }

    /** Saving a module in full would take the targets within it away. */
    private static void checkApart(String name, ModelDifference difference, Problems problems) {
        String module = PeftKeys.moduleOf(name);
        LoraConfig saving = LoraConfig.builder().modulesToSave(module).build();
        List<String> within =
                difference.targets().stream().filter(saving::savesFully).toList();
        problems.check(
                within.isEmpty(),
                "parameter \"" + name + "\" differs and is asked to be saved with its module, which holds the targets "
                        + Problems.quoted(within) + "; expected a module without targets. Leave saveOthers out, or set"
                        + " the parameter to that of the base");
    }
}
