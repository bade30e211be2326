/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Tasks that come one after the other, with the data of the earlier ones gone: what keeps a model from forgetting, how much it
 * forgets, and which task an input belongs to.
 *
 * <ul>
 *   <li>Measuring: {@link org.lora4j.continual.TaskStream} teaches a {@link org.lora4j.continual.ContinualLearner} one {@link
 *       org.lora4j.continual.ContinualTask} after the other; the {@link org.lora4j.continual.ForgettingReport} tells what
 *       became of each, and {@link org.lora4j.continual.HeatMap} draws it.
 *   <li>Strategies: an adapter for each task needs nothing from here. {@link org.lora4j.continual.GrowingAdapter} with {@link
 *       org.lora4j.continual.OrthogonalityPenalty} is O-LoRA; {@link org.lora4j.continual.QuadraticPenalty} holds on to older
 *       values, weighted by {@link org.lora4j.continual.FisherDiagonal} for elastic weight consolidation; {@link
 *       org.lora4j.continual.ReplayMemory} keeps a few examples. Merging is {@link org.lora4j.combine.Combine}.
 *   <li>Prediction without a task: {@link org.lora4j.continual.TaskRouter}.
 * </ul>
 *
 * <p>A new penalty is one class that implements {@link org.lora4j.train.Penalty}, with its gradient checked by
 * difference quotients as in {@code PenaltiesTest}. Knows neither SameDiff nor Deeplearning4j.
 */
package org.lora4j.continual;
