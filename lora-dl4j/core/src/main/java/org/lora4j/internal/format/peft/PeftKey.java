/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.peft;

/**
 * What a key of {@code adapter_model.safetensors} stands for.
 *
 * @apiNote Status: internal
 */
public sealed interface PeftKey {

    /**
     * A factor of a module's low-rank update.
     *
     * @param modulePath dotted path of the module
     * @param tensor which factor
     */
    record Factor(String modulePath, PeftTensor tensor) implements PeftKey {}

    /**
     * A tensor that all modules share.
     *
     * @param tensor which one
     */
    record Shared(PeftTensor tensor) implements PeftKey {}

    /**
     * A parameter of the base model, saved in full.
     *
     * @param parameterPath path of the parameter in the base model without adapters, such as {@code classifier.weight}
     * @param ofAdaptedModule whether the key says that the module has an adapter ({@code base_layer})
     */
    record Saved(String parameterPath, boolean ofAdaptedModule) implements PeftKey {}

    /**
     * A parameter of a target that is trained itself, saved in full.
     *
     * @param parameterPath path of the parameter in the base model, such as {@code norm.weight}
     */
    record Target(String parameterPath) implements PeftKey {}

    /**
     * A second copy that PEFT writes of a bias that is both trained as a bias and part of a fully saved module. It is
     * dropped if the file holds the parameter itself.
     *
     * @param parameterPath path of the parameter that must be in the file
     */
    record Copy(String parameterPath) implements PeftKey {}

    /**
     * Something that is not understood.
     *
     * @param reason why, for a message
     */
    record Unknown(String reason) implements PeftKey {}
}
