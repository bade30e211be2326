/**
 * Several tasks trained together over one frozen base.
 *
 * <p>A {@link org.lora4j.multitask.MultiTaskModel} holds a graph for each task, over the same base weights, and up to three
 * parts of an update that add up: low-rank factors that all tasks share, a mixture of low-rank experts behind a gate, and
 * factors of each task alone (with its head). A {@link org.lora4j.multitask.MultiTaskTrainer} trains any tasks that have
 * parameters in common: which task gives the next batch is said by {@link org.lora4j.multitask.TaskSampling}, what its
 * loss counts by {@link org.lora4j.multitask.LossWeighting}. The result is a
 * {@link org.lora4j.multitask.MultiTaskAdapter}: one directory, in which every task is also one plain PEFT adapter.
 *
 * <p>The loop is {@link org.lora4j.train.Trainer}'s. A batch names its task by its placeholders, {@code task/placeholder}; a
 * step changes only what the tasks of its batches can reach.
 *
 * <p><b>Where to add things.</b> A way to mix tasks: a record in {@code Samplings} and a factory in {@code TaskSampling}. A
 * way to weigh losses: a record in {@code Weightings}, its {@code Weigher}, and a factory in {@code LossWeighting}.
 */
package org.lora4j.multitask;
