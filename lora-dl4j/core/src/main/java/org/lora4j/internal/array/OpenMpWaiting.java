/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * Lets the threads of OpenMP sleep while they wait, as {@code OMP_WAIT_POLICY=PASSIVE} does, whatever was said when Java
 * started.
 *
 * <p>Threads of GNU OpenMP spin for some milliseconds before they sleep, which is longer than the work of most ops: they take
 * the processors from whatever else runs, and on a busy machine an op waits until each of them had its turn. The library
 * decides at each wait anew: if there are more of its threads than processors, they sleep at once. So this adds as many as there
 * are processors, which do nothing and sleep for good. Nothing else changes: an op of ND4J or oneDNN has as many threads as
 * before, and computes the same.
 *
 * <p>Where {@code OMP_WAIT_POLICY}, {@code GOMP_SPINCOUNT} or {@code OMP_NUM_THREADS} is set, somebody has chosen, and nothing is
 * done. OpenMP of another maker takes no notice.
 *
 * @apiNote Status: internal
 */
public final class OpenMpWaiting {

    /** Elements for which ND4J uses another thread, several times over. */
    private static final int ELEMENTS_OF_A_THREAD = 4096;

    private static volatile boolean done;

    private OpenMpWaiting() {}

    /** Sees to it once, if nobody has chosen otherwise. To be called before work is done. */
    public static void makePassive() {
        if (!done) {
            makePassiveOnce();
        }
    }

    private static synchronized void makePassiveOnce() {
        if (!done) {
            if (!isChosen()) {
                startKeeper();
            }
            done = true;
        }
    }

    /** Whether the environment says how OpenMP's threads work, or wait. */
    static boolean isChosen() {
        return Stream.of("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS")
                .anyMatch(name -> System.getenv(name) != null);
    }

    private static void startKeeper() {
        // Loads ND4J, and all classes that the other thread needs, so that no two threads load them at a time.
        useAll(1);
        CountDownLatch used = new CountDownLatch(1);
        Thread keeper = new Thread(() -> keep(used), "lora4j-openmp");
        keeper.setDaemon(true);
        keeper.start();
        boolean interrupted = false;
        while (used.getCount() > 0) {
            try {
                used.await();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** A team of OpenMP belongs to the thread that had it work, and ends with it. */
    private static void keep(CountDownLatch used) {
        try {
            useAll(natives().ompGetMaxThreads());
        } finally {
            used.countDown();
        }
        while (true) {
            LockSupport.park();
        }
    }

    private static NativeOps natives() {
        return NativeOpsHolder.getInstance().getDeviceNativeOps();
    }

    /** Has so many threads of OpenMP work for the thread that calls, if it may have them. */
    private static void useAll(int threads) {
        try (INDArray array = Nd4j.create(DataType.FLOAT, (long) threads * ELEMENTS_OF_A_THREAD)) {
            array.addi(1);
        }
    }
}
