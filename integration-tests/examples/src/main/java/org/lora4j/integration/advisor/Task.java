/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

import java.util.function.DoubleSupplier;
import java.util.function.IntFunction;
import org.lora4j.config.LoraConfig;
import org.lora4j.model.AdaptedModel;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;

/**
 * One draw of a task: a model without adapters, and how to train and measure one.
 *
 * @param name of the task
 * @param seed of the draw: data, head, start values and order
 * @param model the model
 * @param training the model for the training loop
 * @param config the adapter's config by rank
 * @param plan all of the plan but the rate
 * @param steps how many the plan has
 * @param batches the training data
 * @param validation what suggestions see
 * @param test looked at once, when a training is over
 */
record Task(
        String name,
        long seed,
        AdaptedModel model,
        Trainable training,
        IntFunction<LoraConfig> config,
        TrainingPlan plan,
        long steps,
        Batches batches,
        Validation validation,
        DoubleSupplier test) {}
