/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.NativeThreads;

class WorkTeamTest {

    private static final int PIECES = 2000;

    @Test
    void run_ofManyPieces_doesEachOnce() {
        AtomicIntegerArray times = new AtomicIntegerArray(PIECES);
        try (Workspace own = new Workspace()) {
            WorkTeam.ofProcess()
                    .run(WorkTeam.ofProcess().size(), PIECES, own, (piece, space) -> times.incrementAndGet(piece));
        }
        for (int piece = 0; piece < PIECES; piece++) {
            assertEquals(1, times.get(piece), "piece " + piece);
        }
    }

    /** No memory for the second thread: the first one must not have pieces whose caller has gone. */
    @Test
    void run_withoutMemoryForAThread_saysSoAndDoesNothing() throws InterruptedException {
        AtomicInteger started = new AtomicInteger();
        AtomicInteger pieces = new AtomicInteger();
        WorkTeam team = new WorkTeam(2, work -> {
            if (started.getAndIncrement() == 1) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        });
        try (Workspace own = new Workspace()) {
            assertThrows(
                    OutOfMemoryError.class, () -> team.run(3, PIECES, own, (piece, space) -> pieces.incrementAndGet()));
            Thread.sleep(50);
            assertEquals(0, pieces.get());

            team.run(3, PIECES, own, (piece, space) -> pieces.incrementAndGet());
            assertEquals(PIECES, pieces.get());
        }
    }

    @Test
    void run_ofAPieceThatFails_saysSoAndWorksOn() {
        try (Workspace own = new Workspace()) {
            WorkTeam team = WorkTeam.ofProcess();
            assertThrows(
                    RuntimeException.class,
                    () -> team.run(team.size(), PIECES, own, (piece, space) -> {
                        throw new IllegalArgumentException("piece " + piece);
                    }));
            run_ofManyPieces_doesEachOnce();
        }
    }

    /** As a user starts Java: tests have one OpenMP thread from the start. */
    @Test
    void run_withoutSettings_hasOneNativeThreadInEachThread() throws Exception {
        ProcessBuilder java = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Threads.class.getName());
        java.environment().put("OMP_NUM_THREADS", "3");
        java.redirectError(ProcessBuilder.Redirect.INHERIT);
        Process process = java.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        assertTrue(said.contains("outside 3, in the team [1]"), said);
    }

    /** Tells how many native threads an op may use in threads of the team. */
    static final class Threads {
        private Threads() {}

        public static void main(String[] args) throws IOException {
            Set<Integer> found = ConcurrentHashMap.newKeySet();
            Set<String> names = ConcurrentHashMap.newKeySet();
            WorkTeam team = WorkTeam.ofProcess();
            NativeThreads.one(() -> {
                try (Workspace own = new Workspace()) {
                    for (int times = 0; times < 1000 && names.size() < team.size(); times++) {
                        team.run(team.size(), PIECES, own, (piece, space) -> {
                            found.add(NativeThreads.ofAnOp());
                            names.add(Thread.currentThread().getName());
                        });
                    }
                }
            });
            System.out.println("outside " + NativeThreads.ofAnOp() + ", in the team " + found + " " + names);
        }
    }
}
