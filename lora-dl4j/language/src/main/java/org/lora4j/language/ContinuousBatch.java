/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.lora4j.error.MessageText;
import org.lora4j.internal.error.OutOfMemory;
import org.lora4j.internal.language.decode.DecodeSession;

/**
 * The thread of a server that makes its texts. Between two steps texts begin and end; a step computes one token of each that
 * goes on, and some tokens of the prompts of those that begin.
 *
 * <p><b>Memory.</b> A cache is as long as its text, in steps. A text begins if there is room for its prompt, and for a step of
 * all that run. Where a cache cannot grow, the text that came last loses its own, and has it computed again when there is
 * room. The oldest one always goes on, so all come to their end.
 *
 * <p><b>Order.</b> That of {@link WaitingTexts}. Where the first finds no room, one of the next few may begin, but it is
 * overtaken a bounded number of times. Prompts that are computed at the same time share the tokens of a step.
 */
final class ContinuousBatch implements Runnable {

    /** Tokens that a cache grows by, at least. */
    static final int STEP = 64;

    private static final int LOOK_AHEAD = 8;
    private static final int MOST_OVERTAKEN = 16;
    private static final double SECOND = 1e9;

    private final DecodeSession session;
    private final AdapterShelf adapters;
    private final Object lock;
    private final int mostRunning;
    private final int promptTokens;
    private final long memory;
    private final long fixedBytes;

    // Guarded by the lock.
    private final WaitingTexts waiting = new WaitingTexts();
    private boolean closing;
    private Throwable broken;
    private int runningNow;
    private LmServerMetrics metrics;

    // For the thread alone.
    private final List<ServerText> running = new ArrayList<>();
    private final List<Runnable> answers = new ArrayList<>();
    private long finished;
    private long cancelled;
    private long failed;
    private long setBack;
    private long computedTokens;
    private long newTokens;
    private long busyNanos;
    private long mostBytes;

    /**
     * A batch without texts.
     *
     * @param memory bytes of the session at most
     * @param fixedBytes of them, for rows on their way
     */
    ContinuousBatch(
            DecodeSession session,
            AdapterShelf adapters,
            Object lock,
            int mostRunning,
            int promptTokens,
            long memory,
            long fixedBytes) {
        this.session = session;
        this.adapters = adapters;
        this.lock = lock;
        this.mostRunning = mostRunning;
        this.promptTokens = promptTokens;
        this.memory = memory;
        this.fixedBytes = fixedBytes;
        this.mostBytes = fixedBytes;
        publish(fixedBytes);
    }

    /** Texts that are not done. With the lock. */
    int texts() {
        return waiting.size() + runningNow;
    }

    /** Takes texts. With the lock. */
    void add(List<ServerText> texts) {
        texts.forEach(waiting::add);
        lock.notifyAll();
    }

    /** Ends all texts, soon. With the lock. */
    void close() {
        closing = true;
        lock.notifyAll();
    }

    /** Why the thread ended though nobody closed it, or null. With the lock. */
    Throwable broken() {
        return broken;
    }

    LmServerMetrics metrics() {
        synchronized (lock) {
            return new LmServerMetrics(
                    waiting.size(),
                    runningNow,
                    metrics.finished(),
                    metrics.cancelled(),
                    metrics.failed(),
                    metrics.setBack(),
                    metrics.promptTokens(),
                    metrics.newTokens(),
                    metrics.busySeconds(),
                    metrics.bytes(),
                    metrics.mostBytes(),
                    adapters.bytes());
        }
    }

    private void publish(long bytes) {
        mostBytes = Math.max(mostBytes, bytes);
        synchronized (lock) {
            runningNow = running.size();
            metrics = new LmServerMetrics(
                    0,
                    0,
                    finished,
                    cancelled,
                    failed,
                    setBack,
                    computedTokens - newTokens,
                    newTokens,
                    busyNanos / SECOND,
                    bytes,
                    mostBytes,
                    0);
        }
        // Without the lock, and when a text counts no more: who is answered may ask again at once.
        List<Runnable> now = List.copyOf(answers);
        answers.clear();
        now.forEach(Runnable::run);
    }

    @Override
    public void run() {
        try {
            while (nextTexts()) {
                publish(session.bytes());
                long before = System.nanoTime();
                step();
                busyNanos += System.nanoTime() - before;
                publish(session.bytes());
            }
        } catch (Throwable e) {
            synchronized (lock) {
                broken = e;
                closing = true;
            }
        } finally {
            end();
        }
    }

    /** Begins and ends texts; waits while there are none. False when the server is closed. */
    private boolean nextTexts() {
        while (true) {
            synchronized (lock) {
                if (closing) {
                    return false;
                }
                endCancelled();
                begin();
                runningNow = running.size();
                if (answers.isEmpty() && running.isEmpty()) {
                    await();
                    continue;
                }
            }
            if (!running.isEmpty()) {
                return true;
            }
            publish(session.bytes());
        }
    }

    private void await() {
        try {
            // Those that wait, wait for an adapter that is read, which wakes this thread; or time is up for one.
            lock.wait(waiting.isEmpty() ? 0 : 10);
        } catch (InterruptedException e) {
            // Closing does this, for listeners that wait for something; and the flag says it.
        }
    }

    private void endCancelled() {
        List<ServerText> ended = waiting.all().stream()
                .filter(text -> text.request.isCancelled())
                .sorted(Comparator.comparingLong(text -> text.arrival))
                .toList();
        waiting.removeAll(ended);
        for (ServerText text : ended) {
            giveBack(text);
            cancel(text);
        }
        for (ServerText text : List.copyOf(running)) {
            if (text.request.isCancelled()) {
                stop(text);
                cancel(text);
            }
        }
    }

    private void begin() {
        List<ServerText> gone = new ArrayList<>();
        List<ServerText> blocked = new ArrayList<>();
        for (Iterator<ServerText> turns = waiting.turns(); turns.hasNext() && running.size() < mostRunning; ) {
            ServerText text = turns.next();
            boolean begins = false;
            try {
                begins = begin(text);
            } catch (IOException | RuntimeException e) {
                gone.add(text);
                fail(text, e.getMessage(), e);
                continue;
            }
            if (begins) {
                gone.add(text);
                blocked.forEach(earlier -> earlier.overtaken++);
            } else {
                blocked.add(text);
                // With nothing running nobody would make room for the first.
                if (!running.isEmpty() && (blocked.size() > LOOK_AHEAD || text.overtaken >= MOST_OVERTAKEN)) {
                    break;
                }
            }
        }
        waiting.removeAll(gone);
    }

    private boolean begin(ServerText text) throws IOException {
        int[] ids = text.ids();
        int room = Math.min(text.mostTokens, ids.length + STEP);
        long steps = running.size() * session.bytesOf(STEP);
        if (session.bytesOf(room) + (running.isEmpty() ? 0 : steps) > free()) {
            return false;
        }
        if (text.adapter == null) {
            Optional<AdapterShelf.Values> first = text.request.values();
            Optional<AdapterShelf.Values> found =
                    first.isPresent() ? first.map(adapters::again) : adapters.take(text.request.adapter());
            if (found.isEmpty()) {
                return false;
            }
            text.adapter = found.get();
            text.request.begins(text.adapter);
        }
        if (!text.hasBegun) {
            text.hasBegun = true;
            waiting.begins(text);
        }
        text.sequence = session.add(text.adapter.number());
        text.room = room;
        running.add(text);
        try {
            session.reserve(text.sequence, room);
            session.append(new int[] {text.sequence}, new int[][] {ids});
        } catch (RuntimeException | OutOfMemoryError e) {
            stop(text);
            throw e instanceof RuntimeException one ? one : new IllegalStateException(OutOfMemory.described(e), e);
        }
        return true;
    }

    private long free() {
        long caches =
                running.stream().mapToLong(text -> session.bytesOf(text.room)).sum();
        return memory - fixedBytes - caches;
    }

    private void step() {
        List<ServerText> now = grown();
        if (now.isEmpty()) {
            return;
        }
        // Rows with the same adapter are multiplied together if they follow each other.
        now.sort(Comparator.comparingInt(text -> text.adapter.number()));
        int[] which = now.stream().mapToInt(text -> text.sequence).toArray();
        int[] counts = counts(which);
        float[][] logits;
        try {
            logits = session.step(which, counts);
        } catch (RuntimeException | OutOfMemoryError e) {
            alone(now);
            return;
        }
        computedTokens += Arrays.stream(counts).sum();
        for (int i = 0; i < logits.length; i++) {
            if (logits[i] != null) {
                accept(now.get(i), logits[i]);
            }
        }
    }

    /** Those that run, with room for what is pending; texts that came last make room for others. */
    private List<ServerText> grown() {
        running.sort(Comparator.comparingLong(text -> text.arrival));
        for (int i = 0; i < running.size(); i++) {
            ServerText text = running.get(i);
            if (text.length() <= text.room) {
                continue;
            }
            int room = Math.min(text.mostTokens, text.room + Math.max(STEP, text.room / 4));
            long more = session.bytesOf(room) - session.bytesOf(text.room);
            while (more > free() && running.size() > i) {
                setBack(running.get(running.size() - 1));
            }
            if (running.size() > i) {
                try {
                    session.reserve(text.sequence, room);
                    text.room = room;
                } catch (RuntimeException | OutOfMemoryError e) {
                    stop(text);
                    fail(text, reason(e), e);
                    i--;
                }
            }
        }
        for (ServerText text : running) {
            if (session.pending(text.sequence) == 0) {
                session.append(new int[] {text.sequence}, new int[][] {{text.last()}});
            }
        }
        return new ArrayList<>(running);
    }

    private void setBack(ServerText text) {
        running.remove(text);
        session.remove(text.sequence);
        setBack++;
        synchronized (lock) {
            waiting.add(text);
        }
    }

    /** A token for each that goes on; prompts share the others, short ones first, so that what they leave is for long ones. */
    private int[] counts(int[] which) {
        int[] counts = new int[which.length];
        List<Integer> prompts = new ArrayList<>();
        for (int i = 0; i < which.length; i++) {
            counts[i] = 1;
            if (session.pending(which[i]) > 1) {
                prompts.add(i);
            }
        }
        prompts.sort(Comparator.comparingInt(i -> session.pending(which[i])));
        int left = promptTokens;
        for (int k = 0; k < prompts.size(); k++) {
            int i = prompts.get(k);
            int share = Math.max(1, left / (prompts.size() - k));
            counts[i] = Math.min(share, session.pending(which[i]));
            left -= counts[i];
        }
        return counts;
    }

    /** After a step that failed: each text by itself, so that those fail for which it does. */
    private void alone(List<ServerText> texts) {
        for (ServerText text : texts) {
            try {
                int[] which = {text.sequence};
                if (session.pending(text.sequence) == 0) {
                    // It was computed before the step failed, and its logits were not.
                    session.shorten(text.sequence, text.length() - 1);
                    session.append(which, new int[][] {{text.ids()[text.length() - 1]}});
                }
                int[] counts = counts(which);
                float[] logits = session.step(which, counts)[0];
                computedTokens += counts[0];
                if (logits != null) {
                    accept(text, logits);
                }
            } catch (RuntimeException | OutOfMemoryError e) {
                stop(text);
                fail(text, reason(e), e);
            }
        }
    }

    private void accept(ServerText text, float[] logits) {
        try {
            text.accept(logits);
        } catch (RuntimeException e) {
            stop(text);
            fail(text, e.getMessage(), e);
            return;
        }
        newTokens++;
        synchronized (lock) {
            waiting.count(text.request.adapter(), 1);
        }
        try {
            if (!text.listener.onToken(text.token())) {
                text.state.cancel();
            }
        } catch (Throwable e) {
            stop(text);
            int number = text.state.newIds().length;
            fail(
                    text,
                    "its listener threw " + e.getClass().getName() + " at token " + number + ": " + e.getMessage()
                            + "; expected true or false",
                    e);
            return;
        }
        if (text.state.isFinished()) {
            stop(text);
            if (text.state.end().orElseThrow().name().equals(FinishReason.CANCELLED.name())) {
                cancel(text);
            } else {
                finished++;
                answer(text);
            }
        }
    }

    private static String reason(Throwable e) {
        return OutOfMemory.isCauseOf(e) ? OutOfMemory.described(e) + "; expected a text that fits" : e.toString();
    }

    private void stop(ServerText text) {
        running.remove(text);
        session.remove(text.sequence);
        giveBack(text);
    }

    private void giveBack(ServerText text) {
        AdapterShelf.Values values = text.adapter;
        text.adapter = null;
        synchronized (lock) {
            if (values != null && adapters.giveBack(values)) {
                session.forget(values.number());
            }
        }
    }

    private void cancel(ServerText text) {
        cancelled++;
        text.state.cancel();
        answer(text);
    }

    private void answer(ServerText text) {
        TextEvent.tell(text.state);
        if (text.request.finished(text.index, Generation.of(text.state))) {
            answers.add(text.request::complete);
        }
    }

    private void fail(ServerText text, String message, Throwable cause) {
        failed++;
        String sentence = message != null && message.endsWith(".") ? message : message + ".";
        answers.add(() -> text.request.fail(new GenerationException(
                MessageText.bounded(text + ": " + sentence + " Other requests go on."), cause)));
    }

    /** Every request gets an answer, whatever ended the thread. */
    private void end() {
        List<ServerText> left;
        synchronized (lock) {
            left = new ArrayList<>(waiting.all());
            waiting.removeAll(left);
            left.addAll(running);
            running.clear();
        }
        for (ServerText text : left) {
            giveBack(text);
            if (broken == null) {
                cancel(text);
            } else {
                fail(text, "the server failed (" + broken + "). Build another one.", broken);
            }
        }
        session.close();
        publish(0);
    }
}
