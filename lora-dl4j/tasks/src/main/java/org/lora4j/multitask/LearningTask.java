/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.Objects;
import java.util.Optional;
import org.lora4j.error.MessageText;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainable;
import org.lora4j.train.Validation;

/**
 * One of several tasks that are trained together: what learns, from which data, and how good it is.
 *
 * <p>Tasks share what their models have in common: parameters whose arrays are the same object. That holds for the tasks of
 * a {@link MultiTaskModel} and as well for {@link org.lora4j.samediff.TrainableGraph}s over the same weights, which is full
 * multi-task fine-tuning.
 *
 * @param name what it is called, different from the other tasks' names
 * @param model what learns; a view of {@link Trainable#inParallel} shares its batches among threads
 * @param batches its training data, of known length ({@link Batches#withBatchesPerEpoch})
 * @param validation its metric on data held out, or empty
 * @apiNote Status: experimental
 */
public record LearningTask(String name, Trainable model, Batches batches, Optional<Validation> validation) {

    /**
     * Checks that nothing is missing.
     *
     * @param name as in the record
     * @param model as in the record
     * @param batches as in the record
     * @param validation as in the record
     * @throws NullPointerException if an argument is null
     */
    public LearningTask {
        Objects.requireNonNull(name, "LearningTask: name is null; expected a name");
        Objects.requireNonNull(model, "LearningTask: model is null; expected something to train");
        Objects.requireNonNull(batches, "LearningTask: batches is null; expected training data");
        Objects.requireNonNull(validation, "LearningTask: validation is null; expected an Optional");
    }

    /**
     * A task without metric.
     *
     * @param name as in the record
     * @param model as in the record
     * @param batches as in the record
     */
    public LearningTask(String name, Trainable model, Batches batches) {
        this(name, model, batches, Optional.empty());
    }

    /**
     * A task with a metric.
     *
     * @param name as in the record
     * @param model as in the record
     * @param batches as in the record
     * @param validation as in the record
     */
    public LearningTask(String name, Trainable model, Batches batches, Validation validation) {
        this(name, model, batches, Optional.of(validation));
    }

    @Override
    public String toString() {
        return "LearningTask[" + MessageText.name(name)
                + validation.map(found -> ", " + found.name()).orElse("") + "]";
    }
}
