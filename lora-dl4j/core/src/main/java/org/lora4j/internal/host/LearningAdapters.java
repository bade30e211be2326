/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.model.AdaptedModel;

/**
 * The adapters of a model that learn, as files.
 *
 * @apiNote Status: internal
 */
public final class LearningAdapters {

    private LearningAdapters() {}

    /**
     * Writes them.
     *
     * @param directory where to: a single one, and the default one, to the directory itself, others to folders of their names, as PEFT
     *     has them
     * @throws IOException if one cannot be written
     */
    public static void save(AdaptedModel model, Path directory) throws IOException {
        List<String> learning =
                model.activeAdapters().stream().filter(model::isTrainable).toList();
        for (String name : learning) {
            boolean alone = learning.size() == 1 || name.equals(AdaptedModel.DEFAULT_ADAPTER);
            model.adapter(name).save(alone ? directory : directory.resolve(name));
        }
    }
}
