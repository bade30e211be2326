/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.random.RandomStreams;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The batches of several tasks in the order of a sampling. A placeholder is called {@code task/placeholder}. */
final class JointBatches implements Batches {

    /** Between the name of a task, which has none, and that of a placeholder. */
    static final String SEPARATOR = "/";

    private final List<LearningTask> tasks;
    private final TaskSampling sampling;
    private final long[] sizes;

    JointBatches(List<LearningTask> tasks, TaskSampling sampling) {
        this.tasks = tasks;
        this.sampling = sampling;
        this.sizes = tasks.stream()
                .mapToLong(task -> task.batches().batchesPerEpoch().orElseThrow())
                .toArray();
    }

    @Override
    public OptionalLong batchesPerEpoch() {
        long total = 0;
        for (long size : sizes) {
            total += size;
        }
        return OptionalLong.of(total);
    }

    @Override
    public Iterator<Batch> epoch(int epoch, long seed) {
        int[] order = sampling.order(sizes, epoch, seed);
        List<Passes> passes = new ArrayList<>();
        tasks.forEach(task -> passes.add(new Passes(task, epoch, seed)));
        return new Iterator<>() {
            private int step;

            @Override
            public boolean hasNext() {
                return step < order.length;
            }

            @Override
            public Batch next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("the epoch has " + order.length + " batches; expected no further");
                }
                return passes.get(order[step++]).next();
            }
        };
    }

    /** One task within an epoch, which starts over when its data is used up. */
    private static final class Passes {

        private final LearningTask task;
        private final int epoch;
        private final long seed;
        private int pass;
        private Iterator<Batch> batches;

        Passes(LearningTask task, int epoch, long seed) {
            this.task = task;
            this.epoch = epoch;
            this.seed = seed;
        }

        Batch next() {
            if (batches == null || !batches.hasNext()) {
                batches = task.batches().epoch(epoch, seedOfPass());
                pass++;
            }
            if (!batches.hasNext()) {
                throw new IllegalArgumentException(
                        "task " + MessageText.name(task.name()) + ", epoch " + epoch + ", pass " + pass
                                + " over its data: the source gave no batch; expected at least one."
                                + " Check how the data was read, and that the source starts afresh in every epoch");
            }
            return withTask(batches.next(), task.name());
        }

        // The first pass is that of a run of this task alone.
        private long seedOfPass() {
            return pass == 0 ? seed : RandomStreams.of(seed, "pass " + pass).nextLong();
        }
    }

    private static Batch withTask(Batch batch, String task) {
        Map<String, INDArray> named = new LinkedHashMap<>();
        batch.placeholders().forEach((name, array) -> named.put(task + SEPARATOR + name, array));
        return new Batch(named, batch.examples(), batch.weight(), batch.disposable(), batch.identity());
    }

    static int taskOf(Map<String, INDArray> placeholders, List<String> tasks) {
        String name =
                placeholders.isEmpty() ? "" : placeholders.keySet().iterator().next();
        int end = name.indexOf(SEPARATOR);
        int task = end < 0 ? -1 : tasks.indexOf(name.substring(0, end));
        if (task < 0) {
            throw new IllegalArgumentException("batch: placeholder " + MessageText.name(name)
                    + " names no task; expected" + " task/placeholder with one of " + Problems.quoted(tasks) + ".");
        }
        return task;
    }

    static Map<String, INDArray> withoutTask(Map<String, INDArray> placeholders, String task) {
        Map<String, INDArray> own = new LinkedHashMap<>();
        placeholders.forEach((name, array) -> own.put(name.substring(task.length() + SEPARATOR.length()), array));
        return own;
    }
}
