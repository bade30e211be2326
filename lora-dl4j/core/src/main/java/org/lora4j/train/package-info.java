/**
 * The training loop: batches in, a trained model and a {@link org.lora4j.train.TrainingResult} out.
 *
 * <p>A {@link org.lora4j.train.Trainer} sees a model only as a {@link org.lora4j.train.Trainable}: live parameter arrays
 * and an executor that gives the loss and its gradients. What to do is a value, the
 * {@link org.lora4j.train.TrainingPlan}; what to do it on comes from {@link org.lora4j.train.Batches}.
 *
 * <p><b>Conventions.</b> Epochs and steps in reports and messages count from 1. A step is one update of the parameters,
 * whatever the number of batches it accumulates. All randomness derives from the seed of the plan. A step is checked
 * completely (loss, shapes and finiteness of every gradient) before the first parameter changes.
 *
 * <p><b>Where to add things.</b> An optimizer: one class that implements {@link org.lora4j.train.Optimizer}; if it works
 * element by element, a {@code BlockRule} does the arithmetic and views, orders and data types are taken care of. A
 * schedule: one record in {@code Schedules} and its factory in {@link org.lora4j.train.LearningRateSchedule}. A source of
 * batches: one class that implements {@link org.lora4j.train.Batches}.
 *
 * <p>Knows neither SameDiff nor DL4J networks.
 */
package org.lora4j.train;
