/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.util.Iterator;
import java.util.Optional;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.lora4j.internal.format.file.TemporaryFolder;

/**
 * Predictions for the rows of a partition, however many: only as many as are computed at once are in memory.
 *
 * @param task what predicts
 * @param settings how
 * @param facts what is known of the model
 * @param base what it is over
 * @param files what was learned; none for the base alone
 * @param run of what is read anew for each table that is made, which one; else empty
 * @param hadoop by what files of others are read
 * @param given how many columns the rows have
 */
record PredictRows<B extends AutoCloseable, I>(
        RowTask<B, ?, I> task,
        ParamValues settings,
        Facts facts,
        BaseSource base,
        SavedFiles files,
        String run,
        SerializableConfiguration hadoop,
        int given)
        implements MapPartitionsFunction<Row, Row> {

    private static final long serialVersionUID = 1;

    @Override
    public Iterator<Row> call(Iterator<Row> rows) throws IOException {
        ExecutorCache.Lease<Shared<B, I>> lease = ExecutorCache.MODELS.take(key(), this::open);
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> lease.close());
        return new PredictedRows<>(this, lease.value().predictor(), rows);
    }

    /** Equal models are one. */
    private String key() {
        return task.getClass().getName() + " " + base.hash() + " " + files.hash() + " " + task.modelKey(settings) + " "
                + run;
    }

    /** A model with its base. */
    private record Shared<B extends AutoCloseable, I>(ExecutorCache.Lease<B> base, RowTask.Predictor<I> predictor)
            implements AutoCloseable {

        @Override
        public void close() {
            predictor.close();
            base.close();
        }
    }

    private Shared<B, I> open() throws IOException {
        ExecutorCache.Lease<B> lease = base.take(task);
        try {
            if (files.files().isEmpty()) {
                return new Shared<>(lease, task.load(lease.value(), settings, Optional.empty(), hadoop.value()));
            }
            try (TemporaryFolder folder = TemporaryFolder.create()) {
                files.writeTo(folder.folder());
                return new Shared<>(
                        lease, task.load(lease.value(), settings, Optional.of(folder.folder()), hadoop.value()));
            }
        } catch (IOException | RuntimeException | Error e) {
            lease.close();
            throw e;
        }
    }
}
