/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import java.util.List;
import org.lora4j.method.ModuleShape;

/**
 * The state of one module of an adapted model.
 *
 * @param path dotted path of the module
 * @param shape kind and sizes
 * @param adapters names of the adapters that have factors here, in the order in which they were added
 * @param active those of them that are active, in the order in which they are applied
 * @param trainable those of them that are trainable
 * @param merged those of them that are merged into the weight
 * @param saved names of the adapters that hold a fully trained copy of this module
 * @param outputHead whether "all linear" leaves the module out because it is an output head
 * @apiNote Status: stable
 */
public record ModuleStatus(
        String path,
        ModuleShape shape,
        List<String> adapters,
        List<String> active,
        List<String> trainable,
        List<String> merged,
        List<String> saved,
        boolean outputHead) {

    /**
     * Copies the lists.
     *
     * @param path dotted path
     * @param shape kind and sizes
     * @param adapters adapters with factors
     * @param active active ones
     * @param trainable trainable ones
     * @param merged merged ones
     * @param saved adapters with a full copy
     * @param outputHead whether it is an output head
     */
    public ModuleStatus {
        adapters = List.copyOf(adapters);
        active = List.copyOf(active);
        trainable = List.copyOf(trainable);
        merged = List.copyOf(merged);
        saved = List.copyOf(saved);
    }
}
