/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.lora4j.error.MessageText;
import org.lora4j.exec.NativeThreads;

/** Rows with what is predicted for them, computed some at a time; a row that cannot be used is told apart from its neighbors. */
final class PredictedRows<I> implements Iterator<Row> {

    private final PredictRows<?, I> work;
    private final RowTask.Predictor<I> predictor;
    private final Iterator<Row> rows;
    private final int partition = TaskContext.getPartitionId();
    private final int threads = TaskContext.get().cpus();
    private final String handleInvalid;
    private final int added;
    private final Deque<Row> ready = new ArrayDeque<>();
    private long read;

    /** A row on its way: with an input, or with what is wrong with it. */
    private record Waiting<I>(Row row, long number, I input, String problem) {}

    PredictedRows(PredictRows<?, I> work, RowTask.Predictor<I> predictor, Iterator<Row> rows) {
        this.work = work;
        this.predictor = predictor;
        this.rows = rows;
        this.handleInvalid = work.settings().text("handleInvalid");
        this.added = work.task().outputs(work.settings(), work.facts()).size();
    }

    @Override
    public boolean hasNext() {
        while (ready.isEmpty() && rows.hasNext()) {
            compute();
        }
        return !ready.isEmpty();
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException("no row is left");
        }
        return ready.poll();
    }

    private void compute() {
        int most = work.settings().count("inferenceBatchSize");
        List<Waiting<I>> waiting = new ArrayList<>();
        while (waiting.size() < most && rows.hasNext()) {
            waiting.add(input(rows.next()));
        }
        List<Waiting<I>> good =
                waiting.stream().filter(row -> row.problem() == null).toList();
        List<Object[]> cells = good.isEmpty() ? List.of() : predictedOrNull(good);
        Iterator<Object[]> next = cells == null ? null : cells.iterator();
        for (Waiting<I> row : waiting) {
            if (row.problem() != null) {
                handle(row, row.problem());
            } else if (next != null) {
                ready.add(joined(row.row(), next.next(), null));
            } else {
                alone(row);
            }
        }
    }

    private Waiting<I> input(Row row) {
        long number = read++;
        try {
            return new Waiting<>(row, number, work.task().input(row, work.settings(), work.facts()), null);
        } catch (IllegalArgumentException e) {
            return new Waiting<>(row, number, null, e.getMessage());
        }
    }

    /** Null if one of the rows spoils it: then each is computed alone. */
    private List<Object[]> predictedOrNull(List<Waiting<I>> good) {
        try {
            return predicted(good);
        } catch (IllegalArgumentException | IllegalStateException e) {
            return null;
        }
    }

    private List<Object[]> predicted(List<Waiting<I>> good) {
        List<I> inputs = good.stream().map(Waiting::input).toList();
        return NativeThreads.atMost(threads, () -> predictor.predict(inputs, work.settings(), work.facts()));
    }

    private void alone(Waiting<I> row) {
        Object[] cells;
        try {
            cells = predicted(List.of(row)).get(0);
        } catch (IllegalArgumentException | IllegalStateException e) {
            handle(row, e.getMessage());
            return;
        }
        ready.add(joined(row.row(), cells, null));
    }

    private void handle(Waiting<I> row, String problem) {
        switch (handleInvalid) {
            case "skip" -> {}
            case "keep" -> ready.add(joined(row.row(), new Object[added], problem));
            default ->
                throw new IllegalArgumentException(work.task().name() + ".transform: row " + row.number()
                        + " of partition " + partition + ", " + MessageText.value(row.row()) + ": " + problem
                        + ". handleInvalid = skip leaves such rows out, keep gives them no prediction.");
        }
    }

    private Row joined(Row row, Object[] cells, String problem) {
        boolean errors = work.settings().names("errorCol");
        Object[] all = new Object[work.given() + cells.length + (errors ? 1 : 0)];
        for (int i = 0; i < work.given(); i++) {
            all[i] = row.get(i);
        }
        System.arraycopy(cells, 0, all, work.given(), cells.length);
        if (errors) {
            all[all.length - 1] = problem;
        }
        return RowFactory.create(all);
    }
}
