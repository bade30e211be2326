/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * What is known before the first step.
 *
 * @param plan the plan of the run
 * @param totalSteps number of steps of the run, or empty if neither the plan nor the source of batches tells
 * @param parameters number of trainable arrays
 * @param values number of trainable numbers in them
 * @param metric name of the evaluation, or empty if there is none
 * @apiNote Status: stable
 */
public record TrainingStart(
        TrainingPlan plan, OptionalLong totalSteps, int parameters, long values, Optional<String> metric) {}
