/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.function.Supplier;
import org.lora4j.error.Arguments;
import org.lora4j.internal.array.BlasThreads;
import org.lora4j.internal.array.OpenMpWaiting;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * Gives native libraries one thread while some work runs, whatever the environment said when Java started.
 *
 * <p>OpenMP, which ND4J and oneDNN use, keeps its number for each thread that calls; OpenBLAS keeps one for the process
 * ({@link BlasThreads}). Where OpenMP has more, they sleep while they wait ({@link OpenMpWaiting}).
 * With one thread there is no team, so nobody waits, and nobody spins while it waits. Both numbers are as they were when the
 * work is done.
 *
 * @apiNote Status: experimental
 */
public final class NativeThreads {

    private static final ThreadLocal<Integer> MOST = new ThreadLocal<>();

    private NativeThreads() {}

    /**
     * Some work that may throw.
     *
     * @param <T> what it gives
     * @param <X> what it throws
     * @apiNote Status: experimental
     */
    @FunctionalInterface
    public interface Work<T, X extends Exception> {

        /**
         * Does it.
         *
         * @return what it gives
         * @throws X if it fails
         */
        T get() throws X;
    }

    /**
     * Lets what is made meanwhile share its work among so many threads at most, for programs that do several things at a time: what is made
     * otherwise shares it among all processors. It holds for this thread, and for executors that it makes, wherever they run.
     *
     * @param threads 1 or more
     * @param work the work, in this thread
     * @param <T> what it gives
     * @param <X> what it throws
     * @return what it gives
     * @throws X if the work does
     * @throws IllegalArgumentException if {@code threads} is below 1
     */
    public static <T, X extends Exception> T atMost(int threads, Work<T, X> work) throws X {
        if (threads < 1) {
            throw new IllegalArgumentException("NativeThreads.atMost: threads = " + threads + "; expected 1 or more.");
        }
        Arguments.required(work, "NativeThreads.atMost: work", "some work");
        Integer before = MOST.get();
        MOST.set(threads);
        try {
            return work.get();
        } finally {
            if (before == null) {
                MOST.remove();
            } else {
                MOST.set(before);
            }
        }
    }

    /**
     * Among how many threads work may be shared that this thread begins.
     *
     * @return what {@link #atMost} says, else the number of processors
     */
    public static int most() {
        Integer most = MOST.get();
        return most == null ? Runtime.getRuntime().availableProcessors() : most;
    }

    /**
     * How many threads an op of ND4J that this thread calls may use.
     *
     * @return 1 or more
     */
    public static int ofAnOp() {
        return ops().ompGetMaxThreads();
    }

    private static NativeOps ops() {
        // Loads ND4J if this is the first call to it: the holder alone fails without.
        Nd4j.factory();
        OpenMpWaiting.makePassive();
        return NativeOpsHolder.getInstance().getDeviceNativeOps();
    }

    /**
     * Does some work with one native thread.
     *
     * @param work the work, in this thread
     */
    public static void one(Runnable work) {
        one(() -> {
            work.run();
            return null;
        });
    }

    /**
     * Does some work with one native thread.
     *
     * @param <T> what it gives
     * @param work the work, in this thread
     * @return what it gives
     */
    public static <T> T one(Supplier<T> work) {
        NativeOps ops = ops();
        int before = ops.ompGetMaxThreads();
        if (before > 1) {
            ops.setOmpNumThreads(1);
        }
        BlasThreads.enter();
        try {
            return work.get();
        } finally {
            BlasThreads.leave();
            if (before > 1) {
                ops.setOmpNumThreads(before);
            }
        }
    }

    /**
     * Gives the thread that calls one thread of OpenMP from now on: for a thread that does nothing but such work. OpenBLAS is
     * left as it is.
     */
    public static void oneFromNowOn() {
        ops().setOmpNumThreads(1);
    }
}
