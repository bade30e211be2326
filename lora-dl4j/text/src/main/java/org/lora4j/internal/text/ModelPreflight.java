/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.function.Supplier;
import org.lora4j.internal.error.Silence;

/** Looks through a model before texts go through it, which takes far longer. */
final class ModelPreflight {

    private ModelPreflight() {}

    /** Of a model that is made for it: its arrays are those of the encoder, so that it takes no memory to speak of. */
    static void require(TextOptions options, Supplier<TaskModel> made) {
        if (options.tuning() == Tuning.LORA) {
            // What is odd about its adapter is said of the model that learns.
            try (TaskModel model = Silence.during(true, made)) {
                require(options, model);
            }
        }
    }

    static void require(TextOptions options, TaskModel model) {
        if (options.tuning() == Tuning.LORA) {
            options.fit().preflightOf(model.trainable()).require("fit");
        }
    }
}
