/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.List;
import java.util.Optional;
import org.lora4j.config.AdapterConfig;
import org.lora4j.internal.samediff.form.Layout;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.lora4j.train.TrainableParameter.LowRank;

/**
 * A module, or a parameter seen as one, that an adapter gives factors.
 *
 * @param path the path under which the adapter holds the factors: the module's own, except where PEFT wraps modules in
 *     one another
 * @param module what is adapted
 * @param rank rank of the update
 * @param scaling factor on the update
 * @param method how it is adapted
 */
record Target(String path, GraphModule module, int rank, double scaling, AdapterMethod method) {

    /** A target as a config says by its path. */
    static Target of(AdapterConfig config, String path, GraphModule module) {
        return new Target(
                path,
                module,
                config.rankOf(path),
                config.scalingOf(path),
                AdapterMethods.of(config, path, module.shape()));
    }

    /** How a factor lies in graphs. */
    Layout layout(String suffix) {
        return method.traits().is(suffix, FactorTrait.THIN) ? module.factorLayout() : Layout.SAME;
    }

    /** Where the rank of a factor of LoRA lies, if an axis is of the rank alone. */
    Optional<LowRank> lowRank(String suffix) {
        int inFiles = List.of(LoraMethod.A, LoraMethod.B).indexOf(suffix);
        ModuleShape shape = module.shape();
        return inFiles < 0 || shape.kind() == ModuleShape.Kind.EXPERTS
                ? Optional.empty()
                : Optional.of(new LowRank(
                        layout(suffix).factorAxis(inFiles, 2 + shape.kernel().size()), scaling));
    }
}
