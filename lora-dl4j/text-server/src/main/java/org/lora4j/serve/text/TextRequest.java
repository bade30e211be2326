/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.lora4j.error.MessageText;
import org.lora4j.serve.RouteChoice;
import org.lora4j.serve.RouteRole;
import org.lora4j.serve.ServedBy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request from its acceptance to its answer: it is tried with the adapter that it was given, and with what is in use if that was a
 * candidate and fails. <b>Threads.</b> Safe.
 *
 * @param <V> what comes of a row
 * @param <R> a result
 */
final class TextRequest<V, R> {

    private static final Logger LOG = LoggerFactory.getLogger(TextServer.class);

    /** What requests share. */
    record Room(TaskShelf shelf, FairQueue queue, TextLimits limits, RequestCounts counts, OpenRequests open) {}

    private final Room room;
    private final TextWork<V, R> work;
    private final RequestOptions options;
    private final RouteChoice choice;
    private final BiConsumer<ServedBy, float[]> watch;
    private final long start = System.nanoTime();
    private final CompletableFuture<TextAnswer<R>> answer = new CompletableFuture<>();
    private final CompletableFuture<List<R>> returned = new CompletableFuture<>();
    private final AtomicBoolean over = new AtomicBoolean();
    private final List<TaskEntry> leases = new ArrayList<>();
    private TextJob<V> job;
    private Optional<TaskEntry> inUse = Optional.empty();

    /**
     * A request that is not accepted yet.
     *
     * @param watch hears of the vector of each of its texts, and who made it
     */
    TextRequest(
            Room room,
            TextWork<V, R> work,
            RequestOptions options,
            RouteChoice choice,
            BiConsumer<ServedBy, float[]> watch) {
        this.room = room;
        this.work = work;
        this.options = options;
        this.choice = choice;
        this.watch = watch;
    }

    /** Accepts the request, or throws and leaves nothing behind. */
    CompletableFuture<TextAnswer<R>> begin() {
        room.open().enter();
        try {
            work.check(room.limits());
            prepare();
            wait(job, room.limits().waiting());
        } catch (RuntimeException | Error e) {
            giveBack();
            room.open().leave();
            throw e;
        }
        room.counts().accepted();
        clock();
        answer.whenComplete((ours, failure) -> {
            // Whoever asked has cancelled it, or completed it.
            if (end()) {
                room.counts().cancelled();
                leave();
                room.open().leave();
            }
        });
        shadow();
        follow(job, choice.role() == RouteRole.CANARY && inUse.isEmpty() ? RouteRole.CURRENT : choice.role());
        return answer;
    }

    private void prepare() {
        if (choice.fallback().isEmpty()) {
            job = job(lease(choice.adapter()));
            return;
        }
        TaskEntry safe = lease(choice.fallback().get());
        try {
            job = job(lease(choice.adapter()));
            inUse = Optional.of(safe);
        } catch (RuntimeException e) {
            // What no adapter can answer is no fault of the candidate.
            job = job(safe);
            candidateFailed(e);
        }
    }

    private TaskEntry lease(String name) {
        TaskEntry entry = room.shelf().lease(name);
        leases.add(entry);
        return entry;
    }

    private TextJob<V> job(TaskEntry entry) {
        return new TextJob<>(
                entry,
                work.perToken(),
                work.rows(entry, room.limits(), options.truncate()),
                vector -> watch.accept(entry.by(), vector));
    }

    private void wait(TextJob<V> waiting, int most) {
        int full = room.queue().add(waiting.entry().by().adapter(), waiting.rows(), most);
        if (full >= 0) {
            room.counts().rejected();
            throw new ServerBusyException(
                    waiting.rows().size(), full, most, room.open().untilDone());
        }
    }

    private void follow(TextJob<V> of, RouteRole role) {
        of.done().whenComplete((values, failure) -> {
            if (failure == null) {
                answered(of, role, values);
            } else if (role == RouteRole.CANARY) {
                tryWhatIsInUse(of, failure);
            } else {
                failed(of, role, failure);
            }
        });
    }

    private void tryWhatIsInUse(TextJob<V> candidate, Throwable failure) {
        if (over.get()) {
            return;
        }
        TextJob<V> safe;
        try {
            safe = job(inUse.orElseThrow());
        } catch (RuntimeException e) {
            failed(candidate, RouteRole.CANARY, failure);
            return;
        }
        synchronized (this) {
            if (over.get()) {
                return;
            }
            job = safe;
            // It was accepted, so that it waits whatever else does.
            wait(safe, Integer.MAX_VALUE);
        }
        candidate.entry().meter().failed();
        candidateFailed(failure);
        follow(safe, RouteRole.CURRENT);
    }

    private void candidateFailed(Throwable failure) {
        boolean first = choice.failed(RouteRole.CANARY);
        if (first) {
            LOG.warn(
                    "TextServer: the candidate {} of {} failed a request, which {} answers; further ones are counted: {}",
                    MessageText.name(choice.adapter()),
                    MessageText.name(choice.asked()),
                    MessageText.name(choice.fallback().orElseThrow()),
                    MessageText.value(failure.getMessage()));
        }
    }

    private void answered(TextJob<V> of, RouteRole role, List<V> values) {
        List<R> results;
        try {
            results = work.results(values);
        } catch (RuntimeException e) {
            failed(of, role, e);
            return;
        }
        if (!end()) {
            return;
        }
        long now = System.nanoTime();
        Duration waited = Duration.ofNanos(of.begun() - start);
        Duration computed = Duration.ofNanos(now - of.begun());
        Duration took = Duration.ofNanos(now - start);
        room.counts().answered(waited, computed);
        of.entry().meter().answered(of.rows().size(), of.tokens(), took);
        choice.answered(role, took);
        leave();
        returned.complete(results);
        answer.complete(
                new TextAnswer<>(results, of.entry().by(), choice.alias(), of.tokens(), of.cut(), waited, computed));
        // Not before: whoever drains the server may end the program then.
        room.open().leave();
    }

    private void failed(TextJob<V> of, RouteRole role, Throwable failure) {
        if (!end()) {
            return;
        }
        room.counts().failed();
        of.entry().meter().failed();
        choice.failed(role);
        leave();
        fail(failure);
    }

    private void fail(Throwable failure) {
        returned.completeExceptionally(failure);
        answer.completeExceptionally(failure);
        room.open().leave();
    }

    private void clock() {
        Duration most = options.time()
                .filter(asked -> asked.compareTo(room.limits().time()) < 0)
                .orElse(room.limits().time());
        // The end of the answer ends the clock, so that none is kept for a request that is done.
        CompletableFuture<Void> clock = new CompletableFuture<Void>().orTimeout(most.toNanos(), TimeUnit.NANOSECONDS);
        clock.whenComplete((none, late) -> {
            if (late != null) {
                // The thread that tells the time is shared by all of the JVM.
                CompletableFuture.runAsync(() -> tooLate(most));
            }
        });
        returned.whenComplete((results, failure) -> clock.complete(null));
        answer.whenComplete((results, failure) -> clock.complete(null));
    }

    private void tooLate(Duration most) {
        if (end()) {
            room.counts().timedOut();
            leave();
            fail(new TimeoutException("TextServer: the request took longer than " + most
                    + "; expected an answer within that time. Ask again with fewer texts, or allow more time."));
        }
    }

    /** Whether this is the one that ends the request. */
    private boolean end() {
        return over.compareAndSet(false, true);
    }

    private void leave() {
        TextJob<V> last;
        synchronized (this) {
            last = job;
        }
        last.done().cancel(false);
        room.queue().forget(last.entry().by().adapter(), last.rows());
        giveBack();
    }

    private synchronized void giveBack() {
        leases.forEach(room.shelf()::giveBack);
        leases.clear();
    }

    /** Asks the candidate of a shadow, and compares its answer; nothing of it can hold up or fail what is returned. */
    private void shadow() {
        choice.shadow().ifPresent(candidate -> {
            TaskEntry entry;
            try {
                entry = room.shelf().lease(candidate);
            } catch (RuntimeException | Error e) {
                choice.failed(RouteRole.SHADOW);
                return;
            }
            room.open().follow();
            ask(entry).whenComplete((none, failure) -> {
                room.shelf().giveBack(entry);
                room.open().leave();
            });
        });
    }

    private CompletableFuture<Void> ask(TaskEntry entry) {
        TextJob<V> of;
        try {
            of = new TextJob<>(entry, work.perToken(), work.rows(entry, room.limits(), options.truncate()), none -> {});
        } catch (RuntimeException | Error e) {
            choice.failed(RouteRole.SHADOW);
            return CompletableFuture.completedFuture(null);
        }
        // Half of the room is for requests alone.
        if (room.queue().add(entry.by().adapter(), of.rows(), room.limits().waiting() / 2) >= 0) {
            choice.leftOut();
            return CompletableFuture.completedFuture(null);
        }
        return of.done().handle((values, failure) -> {
            if (failure != null) {
                choice.failed(RouteRole.SHADOW);
                return null;
            }
            try {
                List<R> results = work.results(values);
                choice.answered(RouteRole.SHADOW, Duration.ofNanos(System.nanoTime() - start));
                returned.thenAccept(mine -> choice.agreed(work.agreement(mine, results)));
            } catch (RuntimeException e) {
                choice.failed(RouteRole.SHADOW);
            }
            return null;
        });
    }
}
