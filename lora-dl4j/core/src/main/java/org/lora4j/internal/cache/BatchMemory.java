/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.lora4j.error.Problems;
import org.lora4j.exec.FrozenPrefix;
import org.lora4j.internal.cache.ActivationStore.Lease;
import org.lora4j.train.cache.PrefixCache;
import org.lora4j.train.cache.PrefixReport;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a frozen prefix gave for batches that come from a source without identities: they are known by the content of their
 * inputs. A batch that comes again gets the arrays it had before, in the same order in memory. One whose examples came in
 * other batches gets theirs, joined.
 *
 * <p>That the prefix gives the same again is not taken on trust: the first batch that comes again is computed once more, and
 * so is the first one that is joined.
 *
 * <p><b>State.</b> Owns the arrays it keeps, until it is closed. <b>Threads.</b> One.
 *
 * @apiNote Status: internal
 */
public final class BatchMemory implements AutoCloseable {

    private final FrozenPrefix description;
    private final ActivationStore store;
    private final Map<List<Long>, Kept> batches = new HashMap<>();

    /** Where the activations of an example are; null for one that there was no room for. */
    private final Map<Long, Row> examples = new HashMap<>();

    private int firstEpoch = -1;
    private boolean repeats;
    private boolean independent;
    private long computed;
    private long reused;

    private record Row(List<Long> batch, int number) {}

    /**
     * A batch.
     *
     * @param orders the axes of its activations as the prefix left them
     * @param asLeft whether they are stored so, as in memory, or in C order, as in the file, which reads single rows
     * @param inRows whether the first indices of all divide into as many parts as the batch has examples
     */
    private record Kept(Map<String, AxisOrder> orders, boolean asLeft, boolean inRows) {}

    /**
     * Remembers nothing yet.
     *
     * @param description where the network is cut
     * @param settings how much to keep
     */
    public BatchMemory(FrozenPrefix description, PrefixCache settings) {
        this.description = description;
        this.store = new ActivationStore(settings);
    }

    /** A batch that is about to be trained on. */
    public final class Step implements AutoCloseable {

        private final List<Long> key;
        private final boolean whole;
        private final Lease lease;
        private final Map<String, INDArray> activations;

        private Step(List<Long> key) {
            this(key, false, new Lease(Map.of(), false), Map.of());
        }

        private Step(List<Long> key, boolean whole, Lease lease, Map<String, INDArray> activations) {
            this.key = key;
            this.whole = whole;
            this.lease = lease;
            this.activations = activations;
        }

        /**
         * Whether the prefix need not run. If it does, its results go to {@link #computed}.
         *
         * @return if {@link #take} has what it would give
         */
        public boolean isKnown() {
            return !activations.isEmpty() && (whole ? repeats : independent);
        }

        /**
         * A copy of an activation.
         *
         * @param copy makes a copy in C order where the caller wants it
         * @return the copy, a view with the axes in memory where they were when the activation was computed
         */
        public INDArray take(String name, UnaryOperator<INDArray> copy) {
            AxisOrder order = like(key).orders().get(name);
            return order.array(copy.apply(order.memory(activations.get(name))));
        }

        /**
         * Takes note of what the prefix gave.
         *
         * @param results by name; only read
         * @throws IllegalArgumentException if they are not what they were
         */
        @SuppressWarnings("try") // The scope is not used but for being there.
        public void computed(Map<String, INDArray> results) {
            computed++;
            try (MemoryWorkspace none = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
                if (activations.isEmpty()) {
                    keep(key, results);
                } else if (whole) {
                    requireRepeated(activations, results);
                    repeats = true;
                } else {
                    requireIndependent(activations, results);
                    independent = true;
                }
            }
        }

        @Override
        public void close() {
            lease.close();
        }
    }

    /**
     * Looks a batch up.
     *
     * @param inputs everything that the prefix depends on, by name
     * @param rows number of examples in the batch
     * @param epoch number of the epoch, which grows
     * @throws IllegalArgumentException if an epoch after the first has a batch of which no example came before, or the
     *     activations are not rows of examples, which they must be for examples that move
     */
    @SuppressWarnings("try") // The scope is not used but for being there.
    public Step step(Map<String, INDArray> inputs, int rows, int epoch) {
        try (MemoryWorkspace none = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            List<Long> key = Arrays.stream(Checksums.rows(inputs, inputs.keySet(), rows))
                    .boxed()
                    .toList();
            requireMet(key, epoch);
            Step step = found(key);
            if (step.isKnown()) {
                reused++;
            }
            return step;
        }
    }

    private Step found(List<Long> key) {
        if (store.holds(key)) {
            Lease lease = store.get(key);
            return new Step(key, true, lease, arrays(key, lease));
        }
        List<Row> rows = key.stream().map(examples::get).toList();
        if (rows.stream().anyMatch(Objects::isNull)) {
            return new Step(key);
        }
        if (!rows.stream().allMatch(row -> batches.get(row.batch()).inRows())) {
            Problems problems = new Problems();
            problems.add("the activations " + description.activations() + " are not rows of examples");
            ActivationRows.refuseIfAny(problems);
        }
        Lease joined = new Lease(joined(rows), true);
        return new Step(key, false, joined, joined.arrays());
    }

    private void requireMet(List<Long> key, int epoch) {
        firstEpoch = firstEpoch < 0 ? epoch : firstEpoch;
        if (epoch > firstEpoch && key.stream().noneMatch(examples::containsKey)) {
            throw new IllegalArgumentException("prefix cache: epoch " + (epoch - firstEpoch + 1) + " has a batch of "
                    + key.size() + " examples of which none came before; expected those of the first epoch again. Take"
                    + " augmentation and random cropping out of the source, cache anew for other data, or train without the"
                    + " cache.");
        }
    }

    /** The batch itself, or that from which its first example comes. */
    private Kept like(List<Long> key) {
        return batches.getOrDefault(key, batches.get(examples.get(key.get(0)).batch()));
    }

    /** Stored arrays as the prefix left them, in shape. */
    private Map<String, INDArray> arrays(List<Long> key, Lease lease) {
        Kept kept = batches.get(key);
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        lease.arrays()
                .forEach((name, stored) ->
                        arrays.put(name, kept.asLeft() ? kept.orders().get(name).array(stored) : stored));
        return arrays;
    }

    private Map<String, INDArray> joined(List<Row> rows) {
        List<Map<String, INDArray>> blocks = new ArrayList<>();
        try {
            rows.forEach(row -> blocks.add(block(row)));
            return ActivationRows.join(blocks, description.activations());
        } finally {
            blocks.forEach(block -> block.values().forEach(INDArray::close));
        }
    }

    private Map<String, INDArray> block(Row row) {
        int of = row.batch().size();
        return store.holdsInMemory(row.batch())
                ? ActivationRows.blocks(arrays(row.batch(), store.get(row.batch())), row.number(), of)
                : store.part(row.batch(), row.number(), of).arrays();
    }

    private void keep(List<Long> key, Map<String, INDArray> results) {
        if (examples.keySet().containsAll(key)) {
            // There was no room for some of them, and the others are there.
            return;
        }
        boolean asLeft = store.hasMemoryFor(
                results.values().stream().mapToLong(HostBytes::size).sum());
        Map<String, AxisOrder> orders = new LinkedHashMap<>();
        Map<String, INDArray> owned = new LinkedHashMap<>();
        results.forEach((name, array) -> {
            orders.put(name, AxisOrder.of(array));
            owned.put(name, (asLeft ? orders.get(name).memory(array) : array).dup('c'));
        });
        store.put(key, 0, owned).close();
        boolean kept = store.holds(key);
        if (kept) {
            boolean inRows = results.values().stream()
                    .allMatch(array -> array.rank() > 0 && array.size(0) > 0 && array.size(0) % key.size() == 0);
            batches.put(key, new Kept(orders, asLeft, inRows));
        }
        for (int i = 0; i < key.size(); i++) {
            if (examples.get(key.get(i)) == null) {
                examples.put(key.get(i), kept ? new Row(key, i) : null);
            }
        }
    }

    private static void requireRepeated(Map<String, INDArray> before, Map<String, INDArray> now) {
        Problems problems = new Problems();
        before.forEach((name, array) -> {
            double difference = ActivationRows.difference(array, now.get(name));
            problems.check(
                    ActivationRows.isSame(difference),
                    "activation \"" + name + "\" of a batch that came again changed by " + difference
                            + " (relative to the largest value)");
        });
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("prefix cache")
                    + "; expected the same again. Look for random numbers, parameters that were changed, and layers with a"
                    + " state of their own below what trains, or train without the cache.");
        }
    }

    private static void requireIndependent(Map<String, INDArray> joined, Map<String, INDArray> now) {
        Problems problems = new Problems();
        joined.forEach((name, array) -> {
            double difference = ActivationRows.difference(array, now.get(name));
            problems.check(
                    ActivationRows.isSame(difference),
                    "activation \"" + name + "\" of an example changes by " + difference
                            + " (relative to the largest value) in another batch, so it depends on the other examples of its"
                            + " batch, or is random");
        });
        ActivationRows.refuseIfAny(problems);
    }

    /** What happened so far. */
    public PrefixReport report() {
        return new PrefixReport(
                description, computed, reused, store.memoryBytes(), store.fileBytes(), store.withoutRoom());
    }

    /** Frees what is kept and removes the file. */
    @Override
    public void close() {
        store.close();
        batches.clear();
        examples.clear();
    }
}
