/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.lora4j.pretrained.TokenizedText;

/**
 * The rows of a request with one adapter, until each has its numbers. <b>Threads.</b> Safe: rows may be answered side by side.
 *
 * @param <V> what comes of a row
 */
final class TextJob<V> {

    private final TaskEntry entry;
    private final boolean perToken;
    private final Consumer<float[]> watch;
    private final List<TextWork.Row<V>> readings;
    private final List<TextRow> rows = new ArrayList<>();
    private final AtomicReferenceArray<V> values;
    private final AtomicInteger left;
    private final AtomicLong begun = new AtomicLong();
    private final CompletableFuture<List<V>> done = new CompletableFuture<>();

    TextJob(TaskEntry entry, boolean perToken, List<TextWork.Row<V>> readings, Consumer<float[]> watch) {
        this.entry = entry;
        this.watch = watch;
        this.perToken = perToken;
        this.readings = readings;
        this.values = new AtomicReferenceArray<>(readings.size());
        this.left = new AtomicInteger(readings.size());
        for (int i = 0; i < readings.size(); i++) {
            rows.add(new TextRow(this, i, readings.get(i).tokens()));
        }
    }

    TaskEntry entry() {
        return entry;
    }

    boolean perToken() {
        return perToken;
    }

    List<TextRow> rows() {
        return rows;
    }

    int tokens() {
        return rows.stream().mapToInt(TextRow::length).sum();
    }

    int cut() {
        return (int)
                rows.stream().map(TextRow::tokens).filter(TokenizedText::cut).count();
    }

    /** The values of all rows, or why there are none. */
    CompletableFuture<List<V>> done() {
        return done;
    }

    boolean isOver() {
        return done.isDone();
    }

    /** The first of its rows is about to be computed. */
    void begin(long nanos) {
        begun.compareAndSet(0, nanos);
    }

    /** When the first of its rows began; 0 if none did. */
    long begun() {
        return begun.get();
    }

    /** The vector of one of its rows, whatever was asked for. */
    void seen(float[] vector) {
        watch.accept(vector);
    }

    void answer(int index, float[] numbers) {
        if (isOver()) {
            return;
        }
        try {
            values.set(index, readings.get(index).reading().apply(numbers));
        } catch (RuntimeException e) {
            fail(e);
            return;
        }
        if (left.decrementAndGet() == 0) {
            List<V> all = new ArrayList<>();
            for (int i = 0; i < values.length(); i++) {
                all.add(values.get(i));
            }
            done.complete(all);
        }
    }

    void fail(Throwable why) {
        done.completeExceptionally(why);
    }
}
