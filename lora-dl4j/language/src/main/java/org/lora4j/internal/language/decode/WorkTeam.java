/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.decode;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.lora4j.exec.NativeThreads;

/**
 * Threads that share pieces of work of some microseconds with the thread that has them to do: one for each processor but one.
 * Each takes the next piece when it is done with one, so nobody waits for a thread that does not run.
 *
 * <p>Pieces come hundreds of times for each token. A thread that waits looks for the next one again and again for a short while
 * before it sleeps; waking it takes as long as a piece.
 *
 * <p><b>Threads.</b> Any. If one has the team, others do their work alone.
 */
final class WorkTeam {

    /** A piece of work. */
    @FunctionalInterface
    interface Work {
        void run(int piece, Workspace space);
    }

    private static final long AWAKE_NANOS = 200_000;
    private static final int LOOKS = 64;
    private static final int PIECE_BITS = 24;
    private static final long PIECE_MASK = (1L << PIECE_BITS) - 1;

    private static final WorkTeam OF_PROCESS =
            new WorkTeam(Math.max(0, Runtime.getRuntime().availableProcessors() - 1), work -> {
                Thread thread = new Thread(work);
                thread.setDaemon(true);
                return thread;
            });

    private final ThreadFactory threads;
    private final Member[] members;
    private final AtomicBoolean taken = new AtomicBoolean();
    // Number of the job, then number of the next piece of it.
    private final AtomicLong next = new AtomicLong();
    private final AtomicInteger done = new AtomicInteger();
    private volatile Job job = new Job(0, null, 0, 0);

    /** Some work; pieces of it are there to be taken while {@link #next} has its number. */
    private record Job(long number, Work work, int pieces, int helpers) {}

    private volatile Throwable failure;

    WorkTeam(int helpers, ThreadFactory threads) {
        this.threads = threads;
        members = new Member[helpers];
        for (int i = 0; i < helpers; i++) {
            members[i] = new Member(i);
        }
    }

    /** The team of this process; its threads start when they are needed first, and end with the process. */
    static WorkTeam ofProcess() {
        return OF_PROCESS;
    }

    /** Threads at most, that of the caller included. */
    int size() {
        return members.length + 1;
    }

    /**
     * Does all pieces of some work, in any order.
     *
     * @param threads threads at most, that of the caller included
     * @param own what the caller works with
     */
    void run(int threads, int pieces, Workspace own, Work work) {
        int helpers = Math.min(threads, pieces) - 1;
        if (helpers < 1 || members.length == 0 || pieces > PIECE_MASK || !taken.compareAndSet(false, true)) {
            for (int piece = 0; piece < pieces; piece++) {
                work.run(piece, own);
            }
            return;
        }
        try {
            // First: once pieces are there to be taken, nothing may fail before all of them are done.
            for (int i = 0; i < Math.min(helpers, members.length); i++) {
                members[i].start();
            }
            Job mine = new Job(job.number() + 1, work, pieces, Math.min(helpers, members.length));
            done.set(0);
            failure = null;
            job = mine;
            next.set(mine.number() << PIECE_BITS);
            for (int i = 0; i < mine.helpers(); i++) {
                members[i].wake();
            }
            while (takePiece(mine, own)) {
                Thread.onSpinWait();
            }
            for (int looks = 1; done.get() < pieces; looks++) {
                if (looks % LOOKS == 0) {
                    Thread.yield();
                }
                Thread.onSpinWait();
            }
        } finally {
            taken.set(false);
        }
        Throwable thrown = failure;
        if (thrown instanceof Error error) {
            throw error;
        } else if (thrown != null) {
            throw new IllegalStateException("decoding: a thread of the team failed (" + thrown + ")", thrown);
        }
    }

    /** False if there is none left. */
    private boolean takePiece(Job expected, Workspace space) {
        while (true) {
            long now = next.get();
            int piece = (int) (now & PIECE_MASK);
            if (now >>> PIECE_BITS != expected.number() || piece >= expected.pieces()) {
                return false;
            }
            if (next.compareAndSet(now, now + 1)) {
                try {
                    expected.work().run(piece, space);
                } catch (Throwable e) {
                    failure = e;
                } finally {
                    done.incrementAndGet();
                }
                return true;
            }
        }
    }

    /** A thread that helps. */
    private final class Member implements Runnable {
        private final int number;
        private final Workspace space = new Workspace();
        private volatile Thread thread;
        private volatile boolean asleep;

        Member(int number) {
            this.number = number;
        }

        void start() {
            if (thread == null) {
                Thread made = threads.newThread(this);
                made.setName("lora4j-decode-" + number);
                made.start();
                thread = made;
            }
        }

        void wake() {
            if (asleep) {
                LockSupport.unpark(thread);
            }
        }

        @Override
        public void run() {
            // A new thread has as many of OpenMP as the process; oneDNN would start them beside those of the team.
            NativeThreads.oneFromNowOn();
            long idleSince = System.nanoTime();
            int looks = 0;
            while (true) {
                Job now = job;
                if (number < now.helpers() && takePiece(now, space)) {
                    looks = 0;
                    continue;
                }
                Thread.onSpinWait();
                if (looks++ == 0) {
                    idleSince = System.nanoTime();
                } else if (looks % LOOKS == 0 && System.nanoTime() - idleSince > AWAKE_NANOS) {
                    asleep = true;
                    if (job == now) {
                        LockSupport.parkNanos(this, 1_000_000_000L);
                    }
                    asleep = false;
                    looks = 0;
                }
            }
        }
    }
}
