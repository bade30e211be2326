/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.lora4j.error.Problems;

/** Every rule a config must keep, checked in one go. */
final class LoraConfigRules {

    private LoraConfigRules() {}

    static void check(LoraConfig.Builder b) {
        Problems problems = new Problems();
        problems.atLeast("rank", b.rank, 1);
        problems.check(isAlpha(b.alpha), "alpha = " + b.alpha + ", expected a finite number, 0 or more");
        problems.check(
                b.dropout >= 0 && b.dropout < 1,
                "dropout = " + b.dropout + ", expected the probability of dropping, in [0, 1)");
        problems.check(b.scalingRule != null, "scalingRule = null, expected a Scaling");
        problems.check(b.bias != null, "bias = null, expected a BiasTraining");
        problems.check(b.initialization != null, "initialization = null, expected an Initialization");
        checkModules(b, problems);
        checkLayers(b, problems);
        checkMethod(b, problems);
        checkPattern("rankPattern", b.rankPattern, rank -> rank >= 1, "1 or more", problems);
        checkPattern("alphaPattern", b.alphaPattern, LoraConfigRules::isAlpha, "a finite number, 0 or more", problems);
        problems.throwIfAny("LoraConfig");
    }

    private static void checkModules(LoraConfig.Builder b, Problems problems) {
        checkSelector("targetModules", b.targetModules, problems);
        checkSelector("excludeModules", b.excludeModules, problems);
        problems.check(
                !(b.excludeModules instanceof ModuleSelector.AllLinear),
                "excludeModules = all-linear, expected names or a regular expression");
        problems.check(
                b.modulesToSave.stream().noneMatch(name -> name == null || name.isBlank()),
                "modulesToSave has an empty name among " + b.modulesToSave + ", expected module names");
        boolean trainsNothing = b.targetModules instanceof ModuleSelector.None
                && b.modulesToSave.isEmpty()
                && b.targetParameters.isEmpty()
                && TrainableTokens.none().equals(b.trainableTokens);
        problems.check(
                !trainsNothing,
                "targetModules selects nothing and modulesToSave is empty, expected at least one module to train");
    }

    private static void checkMethod(LoraConfig.Builder b, Problems problems) {
        boolean special = b.initialization != null && b.initialization.isSpecial();
        problems.check(!b.loraBias || !b.dora, "loraBias with dora, expected one of them");
        problems.check(
                !b.loraBias || !special,
                "loraBias with initialization " + b.initialization + ", expected KAIMING_UNIFORM or RANDOM");
        problems.check(
                !b.dora || b.initialization == null || !b.initialization.movesBase(),
                "dora with initialization " + b.initialization + ", expected a start that leaves the base as it is");
        problems.check(
                b.targetParameters.stream().noneMatch(name -> name == null || name.isBlank()),
                "targetParameters has an empty name among " + b.targetParameters + ", expected parameter names");
        if (!b.targetParameters.isEmpty()) {
            problems.check(b.dropout == 0, "targetParameters with dropout = " + b.dropout + ", expected 0");
            problems.check(!b.dora, "targetParameters with dora, expected plain LoRA");
            problems.check(!b.loraBias, "targetParameters with loraBias, expected no bias on B");
            problems.check(!b.fanInFanOut, "targetParameters with fanInFanOut, expected false");
        }
        if (b.trainableTokens == null) {
            problems.add("trainableTokens = null, expected TrainableTokens (none() for none)");
        } else {
            b.trainableTokens.problems().forEach(problem -> problems.add("trainableTokens " + problem));
        }
    }

    private static void checkSelector(String field, ModuleSelector selector, Problems problems) {
        if (selector == null) {
            problems.add(field + " = null, expected a ModuleSelector (none() for nothing)");
        } else {
            selector.problems().forEach(problem -> problems.add(field + " " + problem));
        }
    }

    private static void checkLayers(LoraConfig.Builder b, Problems problems) {
        problems.check(
                b.layersToTransform.stream().noneMatch(layer -> layer == null || layer < 0),
                "layersToTransform = " + b.layersToTransform + ", expected indices of 0 or more");
        problems.check(
                b.layersPattern.isEmpty() || !b.layersToTransform.isEmpty(),
                "layersPattern = " + b.layersPattern + " without layersToTransform, expected both or neither");
        if (b.layersPattern.stream().anyMatch(name -> name == null || name.isBlank())) {
            problems.add(
                    "layersPattern has an empty name among " + b.layersPattern + ", expected names of layer lists");
        } else {
            new LayerFilter(List.of(), b.layersPattern).problems().forEach(p -> problems.add("layersPattern " + p));
        }
        boolean limited = !b.layersToTransform.isEmpty() || !b.layersPattern.isEmpty();
        boolean byName = b.targetModules instanceof ModuleSelector.Suffixes;
        problems.check(
                !limited || byName || b.targetModules instanceof ModuleSelector.None,
                "layersToTransform and layersPattern need targetModules given by name, found " + b.targetModules
                        + "; put the layers into the expression");
    }

    private static <V> void checkPattern(
            String field, Map<String, V> pattern, Predicate<V> allowed, String expected, Problems problems) {
        pattern.forEach((key, value) -> problems.check(
                value != null && allowed.test(value),
                field + " \"" + key + "\" = " + value + ", expected " + expected));
        if (pattern.keySet().stream().anyMatch(Objects::isNull)) {
            problems.add(field + " has a null key, expected a regular expression");
        } else {
            new ModulePatterns<>(pattern).problems().forEach(problem -> problems.add(field + " " + problem));
        }
    }

    private static boolean isAlpha(double alpha) {
        return alpha >= 0 && alpha < Double.POSITIVE_INFINITY;
    }
}
