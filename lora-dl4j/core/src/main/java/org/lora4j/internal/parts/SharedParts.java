/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.ObjIntConsumer;
import org.lora4j.exec.ExecutionParts;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.NativeThreads;
import org.lora4j.exec.kernel.Multiplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Shares the parts of a batch among workers, as {@link ParallelExecutor} shares them among threads: every worker has the whole batch,
 * computes the parts whose number is its own modulo the number of workers, and gets the gradients of all others. All add them in the order
 * of the parts. So the result has the bits that one machine gives with as many parts, however many workers there are; a batch that is not
 * cut is computed by each. A {@link PartwiseExecutor} says itself what its parts are.
 *
 * <p>Each message also says what the worker got in the step before, so that one that drifts is noticed in the next step.
 *
 * <p><b>Threads.</b> One call at a time.
 *
 * @apiNote Status: internal
 */
public final class SharedParts implements GraphExecutor {

    private final GraphExecutor executor;
    private final PartExchange exchange;
    private long before;

    /**
     * Shares the parts of an executor.
     *
     * @param executor an executor that cuts batches in parts
     * @param exchange the way to the other workers
     */
    public SharedParts(GraphExecutor executor, PartExchange exchange) {
        this.executor = executor;
        this.exchange = exchange;
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
        return executor.output(placeholders, outputs);
    }

    @Override
    public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
        if (executor instanceof PartwiseExecutor partwise) {
            LossAndGradients result = partwise.gradients(
                    placeholders, seed, (count, compute, take) -> each(count, compute, INDArray::close, take));
            before = PartMessage.checksum(result);
            return result;
        }
        ExecutionParts parting = executor.parting(placeholders);
        if (parting.count() > 1) {
            return NativeThreads.one(() -> shared(BatchParts.of(placeholders, parting.count()), placeholders, seed));
        }
        if (exchange.workers() > 1
                && executor.mostParts() > 1
                && !parting.reason().equals(ExecutionParts.TOO_LITTLE)) {
            throw new IllegalArgumentException("shared parts: batches of this model cannot be cut: " + parting.reason()
                    + "; expected one whose rows do not influence each other. Train it by one worker.");
        }
        return executor.gradients(placeholders, seed);
    }

    private LossAndGradients shared(BatchParts parts, Map<String, INDArray> placeholders, long seed) {
        GraphExecutor one = executor.inOnePart();
        List<LossAndGradients> all = new ArrayList<>();
        OwnArrays copies = parts.copies(placeholders);
        try {
            each(
                    parts.count(),
                    part -> one.gradients(parts.placeholders(part), ParallelExecutor.partSeed(seed, part)),
                    one::takeBack,
                    (result, part) -> all.add(result));
        } finally {
            copies.close();
        }
        boolean sums = one instanceof SumsOfRows losses && losses.isSumOfParts(placeholders);
        LossAndGradients joined = parts.joined(all, sums, (part, array) -> array.close());
        before = PartMessage.checksum(joined);
        return joined;
    }

    /** Computes the parts of this worker, and takes all of them. */
    private void each(
            int count,
            IntFunction<LossAndGradients> compute,
            Consumer<INDArray> giveBack,
            ObjIntConsumer<LossAndGradients> take) {
        PartMessage own = new PartMessage(before);
        for (int part = exchange.worker(); part < count; part += exchange.workers()) {
            LossAndGradients result = compute.apply(part);
            own.add(part, result);
            result.gradients().values().forEach(giveBack);
        }
        List<LossAndGradients> all = all(count, own);
        for (int part = 0; part < count; part++) {
            take.accept(all.get(part), part);
        }
    }

    private List<LossAndGradients> all(int count, PartMessage own) {
        LossAndGradients[] results = new LossAndGradients[count];
        List<byte[]> messages = exchange.exchange(own.bytes());
        for (int worker = 0; worker < messages.size(); worker++) {
            PartMessage.read(messages.get(worker), worker, before, results);
        }
        List<Integer> missing = new ArrayList<>();
        for (int part = 0; part < count; part++) {
            if (results[part] == null) {
                missing.add(part);
            }
        }
        if (!missing.isEmpty()) {
            throw new IllegalStateException("shared parts: no worker gave the parts " + missing + " of " + count
                    + "; expected all of them. Workers must run the same plan over the same examples.");
        }
        return Arrays.asList(results);
    }

    @Override
    public GraphExecutor fork() {
        return executor.fork();
    }

    @Override
    public GraphExecutor inParts(int most) {
        return new SharedParts(executor.inParts(most), exchange);
    }

    @Override
    public GraphExecutor inOnePart() {
        return executor.inOnePart();
    }

    @Override
    public int mostParts() {
        return executor.mostParts();
    }

    @Override
    public ExecutionParts parting(Map<String, INDArray> placeholders) {
        return executor.parting(placeholders);
    }

    @Override
    public GraphExecutor withProducts(Multiplier multiplier) {
        return new SharedParts(executor.withProducts(multiplier), exchange);
    }

    @Override
    public GraphExecutor recomputing() {
        return new SharedParts(executor.recomputing(), exchange);
    }

    @Override
    public Multiplier multiplier() {
        return executor.multiplier();
    }

    @Override
    public OptionalDouble productSeconds() {
        return executor.productSeconds();
    }

    @Override
    public void release() {
        executor.release();
    }
}
