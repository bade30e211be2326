/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.lora4j.exec.ExecutionParts;
import org.lora4j.exec.FrozenPrefix;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.NativeThreads;
import org.lora4j.exec.SplitExecutor;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.engine.plan.InputKey;
import org.lora4j.internal.parts.ParallelExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Shares the rows of a batch among threads where that is right and faster: if what is computed keeps the rows apart, as
 * {@link RowIndependence} finds from the graph, and there is enough to do for each thread.
 *
 * <p>The choice depends on the graph, the shapes of the batch and the largest number of parts alone, so equal calls give equal
 * bits. Within a part native libraries have one thread, and so they have where there is too little to do for two.
 */
final class AutomaticParts implements GraphExecutor {

    private final SameDiffExecutor whole;
    private final int most;
    private final Map<String, PartRule.Decision> decisions = new HashMap<>();
    private final Map<Integer, GraphExecutor> executors = new TreeMap<>();

    AutomaticParts(SameDiffExecutor whole, int most) {
        this.whole = whole;
        this.most = most;
        executors.put(1, whole);
    }

    @Override
    public GraphExecutor inParts(int largest) {
        return new AutomaticParts(whole, largest);
    }

    @Override
    public GraphExecutor inOnePart() {
        return whole;
    }

    @Override
    public int mostParts() {
        return most;
    }

    @Override
    public Multiplier multiplier() {
        return whole.multiplier();
    }

    @Override
    public OptionalDouble productSeconds() {
        return whole.productSeconds();
    }

    /** It runs the first part, whose arrays the gradients are added in. */
    @Override
    public void takeBack(INDArray array) {
        whole.takeBack(array);
    }

    @Override
    public void release() {
        executors.values().forEach(GraphExecutor::release);
    }

    /** For a thread beside this one, which has its own share of the work. */
    @Override
    public GraphExecutor fork() {
        return whole.fork();
    }

    @Override
    public GraphExecutor withProducts(Multiplier multiplier) {
        return new AutomaticParts(whole.withProducts(multiplier), most);
    }

    @Override
    public GraphExecutor recomputing() {
        return new AutomaticParts(whole.recomputing(), most);
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
        if (placeholders == null
                || Stream.of(placeholders.values(), outputs)
                        .flatMap(Collection::stream)
                        .anyMatch(Objects::isNull)) {
            return whole.output(placeholders, outputs); // Which says what is missing.
        }
        String key = "outputs " + List.copyOf(outputs) + " " + InputKey.of(placeholders, false);
        PartRule.Decision decision =
                decisions.computeIfAbsent(key, k -> whole.partingOfOutputs(placeholders, outputs, most));
        return run(decision, () -> executor(decision).output(placeholders, outputs));
    }

    @Override
    public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
        PartRule.Decision decision = ofLosses(placeholders);
        return run(decision, () -> executor(decision).gradients(placeholders, seed));
    }

    @Override
    public ExecutionParts parting(Map<String, INDArray> placeholders) {
        return ofLosses(placeholders).parting();
    }

    private PartRule.Decision ofLosses(Map<String, INDArray> placeholders) {
        String key = "losses " + InputKey.of(placeholders, false);
        return decisions.computeIfAbsent(key, k -> whole.partingOfLosses(placeholders, most));
    }

    private GraphExecutor executor(PartRule.Decision decision) {
        return executors.computeIfAbsent(decision.parting().count(), count -> ParallelExecutor.of(whole, count));
    }

    /** What is not worth a thread of ours is not worth one of OpenMP, either. */
    private static <T> T run(PartRule.Decision decision, Supplier<T> work) {
        return decision.little() ? NativeThreads.one(work) : work.get();
    }

    @Override
    public SplitExecutor split() {
        return new Split();
    }

    /** Cuts as the executor does. */
    private final class Split implements SplitExecutor {

        private final SplitExecutor wholeSplit = whole.split();
        private final Map<Integer, SplitExecutor> splits = new TreeMap<>(Map.of(1, wholeSplit));

        @Override
        public FrozenPrefix description() {
            return wholeSplit.description();
        }

        @Override
        public Set<String> prefixInputs() {
            return wholeSplit.prefixInputs();
        }

        @Override
        public Map<String, INDArray> prefix(Map<String, INDArray> placeholders) {
            PartRule.Decision decision = ofLosses(placeholders);
            return run(decision, () -> split(decision).prefix(placeholders));
        }

        @Override
        public LossAndGradients suffix(
                Map<String, INDArray> placeholders, Map<String, INDArray> activations, long seed) {
            PartRule.Decision decision = ofLosses(placeholders);
            return run(decision, () -> split(decision).suffix(placeholders, activations, seed));
        }

        private SplitExecutor split(PartRule.Decision decision) {
            return splits.computeIfAbsent(
                    decision.parting().count(), count -> executor(decision).split());
        }
    }
}
