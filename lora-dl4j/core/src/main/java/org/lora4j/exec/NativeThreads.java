/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.function.Supplier;
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

    private NativeThreads() {}

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
