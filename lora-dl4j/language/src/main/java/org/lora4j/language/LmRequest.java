/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.lora4j.internal.format.file.Deadline;
import org.lora4j.serve.ServedBy;

/**
 * A request that a {@link CausalLmServer} has accepted.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class LmRequest {

    private final long number;
    private final String adapter;
    private final Generation[] texts;
    private final Runnable wake;
    private final CompletableFuture<List<Generation>> done = new CompletableFuture<>();
    private int missing;
    private volatile boolean cancelled;
    private volatile AdapterShelf.Values values;
    private volatile Deadline deadline;

    LmRequest(long number, String adapter, int texts, Runnable wake) {
        this.number = number;
        this.adapter = adapter;
        this.texts = new Generation[texts];
        this.missing = texts;
        this.wake = wake;
    }

    /**
     * The adapter that it names.
     *
     * @return a name, {@link CausalLmServer#BASE} if none
     */
    public String adapter() {
        return adapter;
    }

    /**
     * Which adapter its texts are made with: the one that had its name when they began.
     *
     * @return name, content and generation; empty before a text has begun
     */
    public Optional<ServedBy> servedBy() {
        AdapterShelf.Values with = values;
        return with == null ? Optional.empty() : Optional.of(with.by());
    }

    /** The adapter that its first text began with, for the others. */
    Optional<AdapterShelf.Values> values() {
        return Optional.ofNullable(values);
    }

    void begins(AdapterShelf.Values with) {
        values = with;
    }

    /**
     * Waits for the text; the first, if the config asks for several.
     *
     * @return the text; what there was of it if it was cancelled
     * @throws GenerationException if it failed
     */
    public Generation result() {
        return results().get(0);
    }

    /**
     * Waits for all texts.
     *
     * @return as many as {@link GenerationConfig#numReturnSequences} asks for
     * @throws GenerationException if one failed
     */
    public List<Generation> results() {
        try {
            return done.join();
        } catch (CompletionException e) {
            throw failure(e);
        }
    }

    /**
     * Waits for the text, for some time.
     *
     * @param atMost how long
     * @return as of {@link #result()}
     * @throws TimeoutException if it is not done by then; it goes on, see {@link #cancel}
     * @throws InterruptedException if the thread is interrupted; likewise
     * @throws GenerationException if it failed
     */
    public Generation result(Duration atMost) throws TimeoutException, InterruptedException {
        try {
            return done.get(Deadline.nanos(atMost, "result: atMost"), TimeUnit.NANOSECONDS)
                    .get(0);
        } catch (ExecutionException e) {
            throw failure(e);
        }
    }

    private static GenerationException failure(Exception e) {
        // A new one, whose stack is that of the thread that asks.
        return new GenerationException(e.getCause().getMessage(), e.getCause());
    }

    /**
     * The texts as a future. What is to follow runs on the thread that generates, which holds up all texts: give long work an
     * executor of its own, as the methods ending in {@code Async} take it.
     *
     * @return a copy: completing or cancelling it changes nothing here. It fails with a {@link GenerationException}
     */
    public CompletableFuture<List<Generation>> future() {
        return done.copy();
    }

    /**
     * Whether nothing more will come.
     *
     * @return true if it ended, was cancelled or failed
     */
    public boolean isDone() {
        return done.isDone();
    }

    /**
     * Ends its texts after the token that is being computed, or before the first. Results have what there was of them, and
     * {@link FinishReason#CANCELLED}. Without effect if it is done.
     */
    public void cancel() {
        cancelled = true;
        wake.run();
    }

    /**
     * Cancels it after a time, waiting included, if it is not done by then.
     *
     * @param time how long from now; replaces what was said before
     * @return this
     */
    public LmRequest cancelAfter(Duration time) {
        deadline = Deadline.in(time, "cancelAfter: time");
        wake.run();
        return this;
    }

    void whenDone(Runnable work) {
        done.whenComplete((texts, failure) -> work.run());
    }

    /** Whether its texts are to end. */
    boolean isCancelled() {
        Deadline end = deadline;
        return cancelled || end != null && end.isOver();
    }

    /** Keeps a text; true if it was the last. For the thread that generates. */
    boolean finished(int text, Generation generation) {
        texts[text] = generation;
        return --missing == 0;
    }

    /** Gives out the texts. */
    void complete() {
        done.complete(List.copyOf(Arrays.asList(texts)));
    }

    /** Gives out why there are none; other texts of it end. */
    void fail(GenerationException reason) {
        cancelled = true;
        done.completeExceptionally(reason);
    }

    @Override
    public String toString() {
        return "request " + number + " for adapter \"" + adapter + "\"";
    }
}
