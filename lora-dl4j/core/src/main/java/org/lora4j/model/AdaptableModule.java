/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import org.lora4j.method.ModuleShape;

/**
 * A module of a base model that adapters can be attached to.
 *
 * @apiNote Status: stable
 */
public interface AdaptableModule {

    /**
     * The name of the module, which targets, adapter files, messages and reports use.
     *
     * @return a dotted path, unique within the model
     */
    String path();

    /**
     * What the module computes and how large it is.
     *
     * @return kind and sizes
     */
    ModuleShape shape();
}
