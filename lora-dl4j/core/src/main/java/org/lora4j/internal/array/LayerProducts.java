/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Runs products of matrices of stock layers with one thread of the matrix library, and large ones in parts on as many threads of
 * Java.
 *
 * <p>Threads of OpenBLAS wait by asking the system for something better to do, again and again for some 30 ms, so between two
 * products of a step they take the processors from other work, and on a busy machine products wait for them. Threads of Java
 * sleep.
 *
 * <p><b>Repeatability.</b> Parts depend on the sizes and the number of processors alone, and no sum is shared between
 * two of them.
 *
 * <p><b>Threads.</b> Safe. Those of the pool end when idle; what none of them has begun, the caller does.
 */
final class LayerProducts {

    /** Runs an op. */
    @FunctionalInterface
    interface Runner {
        Object run(Mmul op) throws Throwable;
    }

    /** Floating-point operations that are worth waking a thread for: a few tenths of a millisecond. */
    private static final double LEAST_WORK = 2e7;
    /** Rows or columns of a part are a multiple of it: what kernels compute at once. */
    private static final int STEP = 64;

    private static final long IDLE_SECONDS = 10;
    private static final int ARGUMENTS = 3;

    private final int threads;
    private final ThreadPoolExecutor pool;

    LayerProducts(int threads) {
        this(threads, task -> {
            Thread thread = new Thread(task, "lora4j-product");
            thread.setDaemon(true);
            return thread;
        });
    }

    LayerProducts(int threads, ThreadFactory made) {
        this.threads = threads;
        int others = Math.max(1, threads - 1);
        pool = new ThreadPoolExecutor(
                others, others, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), made);
        pool.allowCoreThreadTimeOut(true);
    }

    /** Runs one, and gives what ND4J gives for it. */
    Object run(Mmul op, Runner runner) throws Throwable {
        // What was to have one thread, such as a part of a batch, is not cut again.
        List<Mmul> parts = BlasThreads.isOne() ? List.of(op) : parts(op);
        BlasThreads.enter();
        try {
            if (parts.size() == 1) {
                return runner.run(op);
            }
            runAll(parts, runner);
            return new INDArray[] {op.getOutputArgument(0)};
        } finally {
            BlasThreads.leave();
        }
    }

    private void runAll(List<Mmul> parts, Runner runner) throws Throwable {
        List<FutureTask<Object>> tasks = new ArrayList<>();
        for (Mmul part : parts) {
            tasks.add(new FutureTask<>(() -> {
                try {
                    return runner.run(part);
                } catch (RuntimeException | Error e) {
                    throw e;
                } catch (Throwable e) {
                    throw new IllegalStateException(e);
                }
            }));
        }
        Throwable failure = null;
        try {
            tasks.subList(1, tasks.size()).forEach(pool::execute);
        } catch (RuntimeException | Error e) {
            // No memory for a thread: those that were taken may run.
            failure = e;
        }
        // One that runs already, or is done, is left alone.
        tasks.forEach(FutureTask::run);
        for (FutureTask<Object> task : tasks) {
            try {
                finish(task);
            } catch (ExecutionException e) {
                failure = e.getCause();
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Awaits it whatever happens: none may still write when the caller goes on. */
    private static void finish(FutureTask<Object> task) throws ExecutionException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    task.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The op itself if it stays whole. */
    private List<Mmul> parts(Mmul op) {
        if (threads == 1
                || op.numInputArguments() != 2
                || op.numOutputArguments() != 1
                || op.numIArguments() != ARGUMENTS
                || op.numTArguments() != 2) {
            return List.of(op);
        }
        INDArray x = op.getInputArgument(0);
        INDArray y = op.getInputArgument(1);
        INDArray z = op.getOutputArgument(0);
        boolean transposeX = op.getIArgument(0) != 0;
        boolean transposeY = op.getIArgument(1) != 0;
        if (x.rank() != 2 || y.rank() != 2 || z.rank() != 2 || op.getIArgument(2) != 0) {
            return List.of(op);
        }
        long rows = z.size(0);
        long columns = z.size(1);
        double work = 2.0 * rows * columns * x.size(transposeX ? 0 : 1);
        boolean byRows = rows > columns;
        long steps = (byRows ? rows : columns) / STEP;
        int count = (int) Math.min(Math.min(threads, steps), work / LEAST_WORK);
        if (count < 2) {
            return List.of(op);
        }
        List<Mmul> parts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long from = steps * i / count * STEP;
            long to = i == count - 1 ? (byRows ? rows : columns) : steps * (i + 1) / count * STEP;
            parts.add(new Mmul(
                    byRows ? some(x, transposeX ? 1 : 0, from, to) : x,
                    byRows ? y : some(y, transposeY ? 0 : 1, from, to),
                    some(z, byRows ? 0 : 1, from, to),
                    op.getTArgument(0),
                    op.getTArgument(1),
                    MMulTranspose.builder()
                            .transposeA(transposeX)
                            .transposeB(transposeY)
                            .build()));
        }
        return parts;
    }

    private static INDArray some(INDArray matrix, int axis, long from, long to) {
        INDArrayIndex[] index = {NDArrayIndex.all(), NDArrayIndex.all()};
        index[axis] = NDArrayIndex.interval(from, to);
        return matrix.get(index);
    }
}
