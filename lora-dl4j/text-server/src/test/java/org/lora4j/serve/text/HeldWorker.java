/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.util.Collections;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** Holds the only worker of a server until it is let go, by what depends on an answer. */
final class HeldWorker {

    private HeldWorker() {}

    static CountDownLatch of(TextServer server) throws InterruptedException {
        Thread caller = Thread.currentThread();
        CountDownLatch release = new CountDownLatch(1);
        boolean[] held = new boolean[1];
        while (!held[0]) {
            CountDownLatch begun = new CountDownLatch(1);
            CompletableFuture<TextAnswer<float[]>> first =
                    server.embed(TextServer.BASE, Collections.nCopies(100, "a good film in paris"));
            first.thenAccept(answer -> {
                // An answer that was there before has this run by the caller: once more then.
                held[0] = Thread.currentThread() != caller;
                begun.countDown();
                if (held[0]) {
                    try {
                        release.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }
            });
            begun.await();
        }
        return release;
    }
}
