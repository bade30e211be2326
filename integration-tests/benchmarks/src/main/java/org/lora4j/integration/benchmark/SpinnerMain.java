/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.time.Duration;

/** A process of {@link Spinners}. */
public final class SpinnerMain {

    private static final Duration LONGEST = Duration.ofMinutes(20);

    private SpinnerMain() {}

    /**
     * Computes until its input ends, which it does with the process that writes it, or its time is over.
     *
     * @param args none
     */
    public static void main(String[] args) {
        Thread watch = new Thread(SpinnerMain::endWithInput, "watch");
        watch.setDaemon(true);
        watch.start();
        long from = System.nanoTime();
        while (System.nanoTime() - from < LONGEST.toNanos()) {
            Thread.onSpinWait();
        }
    }

    private static void endWithInput() {
        try {
            while (System.in.read() >= 0) {
                Thread.onSpinWait();
            }
        } catch (IOException e) {
            // As its end.
        }
        Runtime.getRuntime().halt(0);
    }
}
