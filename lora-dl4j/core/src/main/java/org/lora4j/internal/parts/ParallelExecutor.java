/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.lora4j.exec.ExecutionParts;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.NativeThreads;
import org.lora4j.exec.SplitExecutor;
import org.lora4j.exec.kernel.Multiplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Runs the rows of a batch in parts, one part per thread, each through an executor of its own over the same arrays.
 *
 * <p>For graphs whose loss is the mean over the rows of the batch: loss and gradients of the parts are averaged by their
 * numbers of rows, which gives those of the whole batch up to rounding. Where {@link SumsOfRows} knows that the loss is a
 * sum over the rows, perhaps with a weight for each as an input, they are added. A loss that normalizes across rows is neither;
 * use a single executor there. Outputs with a row for each row of the batch are
 * joined in order; scalar outputs are averaged like the loss.
 *
 * <p>ND4J splits each op among its threads, which short ops do not repay; whole parts do. While parts run, ND4J, OpenBLAS and
 * oneDNN have one thread in each of them, whatever the environment says.
 *
 * <p><b>Repeatability.</b> The split depends on the number of rows and threads alone, and parts are added in their order,
 * so equal calls give equal bits. Another number of threads rounds differently.
 *
 * <p><b>Threads.</b> One call at a time. The threads are daemons and end when idle.
 *
 * @apiNote Status: internal
 */
public final class ParallelExecutor implements GraphExecutor {

    private static final long IDLE_SECONDS = 10;

    private final List<GraphExecutor> executors;
    private final ExecutorService pool;

    private ParallelExecutor(List<GraphExecutor> executors) {
        this.executors = executors;
        int others = executors.size() - 1;
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                others, others, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "lora4j-part");
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        this.pool = threads;
    }

    /**
     * Shares the work of an executor among threads.
     *
     * @param executor the executor; it runs the first part
     * @param threads number of threads, the caller's included
     * @return an executor over the same arrays; {@code executor} itself for one thread
     * @throws IllegalArgumentException if {@code threads} is below 1
     */
    public static GraphExecutor of(GraphExecutor executor, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("parallel executor: threads = " + threads + "; expected 1 or more.");
        }
        if (threads == 1) {
            return executor.inOnePart();
        }
        List<GraphExecutor> executors = new ArrayList<>(List.of(executor.inOnePart()));
        while (executors.size() < threads) {
            executors.add(executor.fork());
        }
        return new ParallelExecutor(List.copyOf(executors));
    }

    @Override
    public GraphExecutor withProducts(Multiplier multiplier) {
        return of(executors.get(0).withProducts(multiplier), executors.size());
    }

    @Override
    public GraphExecutor recomputing() {
        return of(executors.get(0).recomputing(), executors.size());
    }

    @Override
    public GraphExecutor inOnePart() {
        return executors.get(0);
    }

    @Override
    public int mostParts() {
        return executors.size();
    }

    @Override
    public ExecutionParts parting(Map<String, INDArray> placeholders) {
        return new ExecutionParts(BatchParts.of(placeholders, executors.size()).count(), "asked for");
    }

    @Override
    public Multiplier multiplier() {
        return executors.get(0).multiplier();
    }

    @Override
    public OptionalDouble productSeconds() {
        return executors.get(0).productSeconds();
    }

    @Override
    public GraphExecutor fork() {
        return of(executors.get(0).fork(), executors.size());
    }

    @Override
    public void takeBack(INDArray array) {
        executors.get(0).takeBack(array);
    }

    @Override
    public void release() {
        executors.forEach(GraphExecutor::release);
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
        return NativeThreads.one(() -> joined(placeholders, outputs));
    }

    private Map<String, INDArray> joined(Map<String, INDArray> placeholders, Collection<String> outputs) {
        BatchParts parts = BatchParts.of(placeholders, executors.size());
        try (OwnArrays copies = parts.copies(placeholders)) {
            List<Map<String, INDArray>> results =
                    run(parts.count(), part -> executors.get(part).output(parts.placeholders(part), outputs));
            Map<String, INDArray> joined = new LinkedHashMap<>();
            for (String name : outputs) {
                joined.put(
                        name,
                        parts.join(name, results.stream().map(r -> r.get(name)).toList()));
            }
            copies.leave(joined.values());
            return joined;
        }
    }

    @Override
    public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
        return NativeThreads.one(() -> joined(placeholders, seed));
    }

    private LossAndGradients joined(Map<String, INDArray> placeholders, long seed) {
        BatchParts parts = BatchParts.of(placeholders, executors.size());
        try (OwnArrays copies = parts.copies(placeholders)) {
            LossAndGradients joined = parts.joined(
                    run(
                            parts.count(),
                            part -> executors.get(part).gradients(parts.placeholders(part), partSeed(seed, part))),
                    isSumOfParts(placeholders, parts),
                    (part, array) -> executors.get(part).takeBack(array));
            copies.leave(joined.gradients().values());
            return joined;
        }
    }

    /** Whether losses of parts are added; they are averaged where the graph does not tell. */
    boolean isSumOfParts(Map<String, INDArray> placeholders, BatchParts parts) {
        return parts.count() > 1 && executors.get(0) instanceof SumsOfRows losses && losses.isSumOfParts(placeholders);
    }

    @Override
    public SplitExecutor split() {
        return new ParallelSplit(
                this, executors.stream().map(GraphExecutor::split).toList());
    }

    // Parts must not drop the same places.
    static long partSeed(long seed, int part) {
        return part == 0 ? seed : seed ^ (0x9E3779B97F4A7C15L * part);
    }

    /** Runs the parts side by side, the first in the calling thread, which is within {@link NativeThreads#one}. */
    <T> List<T> run(int parts, IntFunction<T> work) {
        return run(pool, parts, work);
    }

    static <T> List<T> run(ExecutorService pool, int parts, IntFunction<T> work) {
        List<Future<T>> others = new ArrayList<>();
        List<T> results = new ArrayList<>();
        Throwable failure = null;
        try {
            for (int part = 1; part < parts; part++) {
                int index = part;
                // Fails if there is no memory for a thread, while parts before may run.
                others.add(pool.submit(() -> NativeThreads.one(() -> work.apply(index))));
            }
            results.add(work.apply(0));
        } catch (RuntimeException | Error e) {
            failure = e;
        }
        // Every part is awaited, also after a failure: none may still run when the caller goes on.
        for (Future<T> other : others) {
            try {
                results.add(await(other));
            } catch (RuntimeException | Error e) {
                failure = failure == null ? e : failure;
            }
        }
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure != null) {
            throw (RuntimeException) failure;
        }
        return results;
    }

    private static <T> T await(Future<T> future) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof RuntimeException cause) {
                        throw cause;
                    }
                    if (e.getCause() instanceof Error cause) {
                        throw cause;
                    }
                    throw new IllegalStateException("parallel executor: " + e.getCause(), e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
