/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.types.StructType;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * What the driver can know before a job starts: columns, settings, cluster, base, and what becomes of them together, which it rehearses.
 * Everything that is wrong is told in one message.
 *
 * @param spark what would run the job
 * @param task what would learn or predict
 * @param settings how
 * @param problems gets what is wrong
 */
record DriverCheck<B extends AutoCloseable>(
        JavaSparkContext spark, RowTask<B, ?, ?> task, ParamValues settings, Problems problems) {

    /** Does something with a base. */
    interface Rehearsal<B> {
        void of(B base) throws IOException;
    }

    /** Something that is tried. */
    interface Attempt<T> {
        T of() throws IOException;
    }

    /** Tries something; {@code problems} get why it cannot be. */
    static <T> Optional<T> into(Problems problems, Attempt<T> attempt) throws IOException {
        try {
            return Optional.of(attempt.of());
        } catch (IllegalArgumentException | IllegalStateException e) {
            problems.add(unfinished(e));
            return Optional.empty();
        }
    }

    /** What a table tells of a model, as far as its columns are right. */
    Facts facts(StructType schema) {
        if (!problems.isEmpty()) {
            return Facts.NONE;
        }
        try {
            return task.facts(schema, settings);
        } catch (IllegalArgumentException e) {
            problems.add(unfinished(e));
            return Facts.NONE;
        }
    }

    /**
     * Opens the base on the driver and rehearses with it, then opens it where tasks will run.
     *
     * @return the base
     * @throws IllegalArgumentException if anything is wrong; the message says all of it
     */
    BaseSource base(Rehearsal<B> rehearsal) {
        Optional<BaseSource> base = Optional.empty();
        try {
            base = Optional.of(BaseSource.of(spark, settings));
        } catch (IllegalArgumentException e) {
            problems.add(unfinished(e));
        }
        base.ifPresent(found -> rehearse(found, rehearsal));
        problems.throwIfAny(task.name());
        base.get().requireEverywhere(spark, task);
        return base.get();
    }

    private void rehearse(BaseSource base, Rehearsal<B> rehearsal) {
        try (ExecutorCache.Lease<B> lease = base.take(task)) {
            rehearsal.of(lease.value());
        } catch (IllegalStateException e) {
            // The jar of a published encoder may be where tasks run and not here, which is looked at there.
            if (base.form() != BaseSource.Form.PUBLISHED) {
                add(base, e);
            }
        } catch (IOException | RuntimeException e) {
            add(base, e);
        }
    }

    private void add(BaseSource base, Exception problem) {
        problems.add("checkpoint = " + MessageText.name(base.checkpoint()) + ": " + unfinished(problem));
    }

    /** A message as one of several: without the full stop. */
    static String unfinished(Exception problem) {
        String message = String.valueOf(problem.getMessage());
        return message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
    }
}
