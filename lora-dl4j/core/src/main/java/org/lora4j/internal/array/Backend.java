/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The native side of ND4J, which the user of this library adds.
 *
 * @apiNote Status: internal
 */
public final class Backend {

    private Backend() {}

    /**
     * Checks that there is one, before anything is read or made that needs it.
     *
     * @throws IllegalStateException if ND4J finds no backend on the class path; the message names the artifact to add
     * @throws org.lora4j.error.MixedClassPathException if there are parts of two releases of ND4J; the message names the jars
     */
    public static void require() {
        Nd4jJars.require();
        try {
            Nd4j.getBackend();
        } catch (LinkageError e) {
            throw new IllegalStateException(
                    "ND4J: no backend on the class path (" + e + "); expected one. Add the dependency"
                            + " org.nd4j:nd4j-native:1.0.0-M2.1 (CPU) or another backend of the same version.",
                    e);
        }
    }

    /**
     * Starts ND4J on a thread of its own, beside what the caller does: it takes as long as reading a model of a hundred
     * megabytes.
     *
     * @return waits until it has started; throws what {@link #require} throws
     */
    public static Runnable starting() {
        FutureTask<Void> start = new FutureTask<>(Backend::require, null);
        // Not a pool's: ND4J looks for its backend with the class loader of the thread, which a new thread inherits.
        Thread thread = new Thread(start, "nd4j-start");
        thread.setDaemon(true);
        thread.start();
        return () -> await(start);
    }

    private static void await(FutureTask<Void> start) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    start.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    // In this thread's words: nothing but the class loading of ND4J has happened in the other one.
                    require();
                    throw new IllegalStateException("ND4J: cannot start (" + e.getCause() + ")", e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
