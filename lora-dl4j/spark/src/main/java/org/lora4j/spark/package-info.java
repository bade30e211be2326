/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Adapters on Apache Spark: estimators and models of Spark ML over lora4j's tasks, inference over tables of any length, many adapters in
 * one job, one adapter on many machines.
 *
 * <p>Spark schedules, ships and retries; what is computed is computed by the tasks of the other modules, in the executors. So this package
 * holds only what stands between the two: params ({@code ParamRow} and the interfaces over them), what a kind of task
 * reads and writes of a row ({@code RowTask}), bases that an executor holds once ({@link
 * org.lora4j.spark.ExecutorCache}), and models as files of any file system ({@code SavedFiles}).
 *
 * <p>To add a kind of text task: a class that implements {@code RowTask}, and an estimator and a model of a page each.
 */
package org.lora4j.spark;
