/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Adapters on Apache Spark: estimators and models of Spark ML over lora4j's tasks, inference over tables of any length, many adapters in
 * one job, one adapter on many machines.
 *
 * <p>Spark schedules, ships and retries; what is computed is computed by the tasks of the other modules, in the executors. So this package
 * holds only what stands between the two: params ({@link org.lora4j.spark.ParamRow} and the interfaces over them), what a kind of task
 * reads and writes of a row ({@link org.lora4j.spark.RowTask}), bases that an executor holds once ({@link
 * org.lora4j.spark.ExecutorCache}), and models as files of any file system ({@link org.lora4j.spark.SavedFiles}).
 *
 * <p>To add a kind of text task: a class that implements {@link org.lora4j.spark.RowTask}, and an estimator and a model of a page each.
 */
package org.lora4j.spark;
