/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.exec.NativeThreads;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.file.TemporaryFolder;

/**
 * A training as it is done within a task of Spark: rows become examples, the plain trainer learns from them, and what it writes is
 * carried back.
 *
 * @param task what learns
 * @param settings how
 * @param facts what the table told
 * @param base what it learns over
 * @param metrics told of its steps
 */
record RowTraining<B extends AutoCloseable, E>(
        RowTask<B, E, ?> task, ParamValues settings, Facts facts, BaseSource base, RunMetrics metrics)
        implements Serializable {

    private static final long serialVersionUID = 1;

    private static final Set<String> MADE_BY = Stream.concat(
                    Stream.of(
                                    ParamRows.TRAINING,
                                    ParamRows.HEAD,
                                    ParamRows.TEXT,
                                    ParamRows.LABEL,
                                    ParamRows.WEIGHT,
                                    ParamRows.PAIRS,
                                    ParamRows.FEATURES,
                                    ParamRows.SAVED_MODULES)
                            .flatMap(List::stream)
                            .map(ParamRow::name),
                    Stream.of("gradientParts"))
            .collect(Collectors.toUnmodifiableSet());

    /** The examples of a table, and what is wrong with rows that are none. */
    private static final class Examples<E> {
        private final List<E> train = new ArrayList<>();
        private final List<E> validation = new ArrayList<>();
        private final Problems problems = new Problems();
    }

    /** A hash of what makes an adapter another one, the rows aside. */
    String origin() {
        StringBuilder all = new StringBuilder(task.name()).append('\n').append(base.hash());
        new TreeMap<>(settings.values()).forEach((name, value) -> {
            if (MADE_BY.contains(name)) {
                String text = value instanceof String[] texts ? Arrays.toString(texts) : String.valueOf(value);
                all.append('\n').append(name).append(" = ").append(text);
            }
        });
        return Sha256.of(all.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Learns from rows, in their order. */
    TrainedFiles of(Iterator<Row> rows, RowTask.Site site) {
        Examples<E> examples = new Examples<>();
        for (int row = 0; rows.hasNext(); row++) {
            read(rows.next(), row, examples);
        }
        if (!examples.problems.isEmpty()) {
            return TrainedFiles.failed(
                    examples.problems.message(task.name() + ".fit") + ". handleInvalid = skip leaves such rows out.");
        }
        if (examples.train.isEmpty()) {
            return TrainedFiles.failed(noRow());
        }
        try (ExecutorCache.Lease<B> lease = base.take(task);
                TemporaryFolder folder = TemporaryFolder.create()) {
            return NativeThreads.atMost(TaskContext.get().cpus(), () -> learn(lease.value(), examples, site, folder));
        } catch (IOException | IllegalArgumentException e) {
            return TrainedFiles.failed(e.getMessage());
        }
    }

    /** Says that there is nothing to learn from. */
    String noRow() {
        return task.name() + ".fit: no row to learn from; expected some of each kind.";
    }

    private void read(Row row, int number, Examples<E> examples) {
        try {
            boolean held = settings.names("validationIndicatorCol")
                    && (boolean) RowCells.cell(row, settings.text("validationIndicatorCol"), "true or false");
            E example = task.example(row, settings, facts);
            (held ? examples.validation : examples.train).add(example);
        } catch (IllegalArgumentException e) {
            if (settings.text("handleInvalid").equals("error")) {
                examples.problems.add("row " + number + ", " + MessageText.value(row) + ": " + e.getMessage());
            }
        }
    }

    private TrainedFiles learn(B learned, Examples<E> examples, RowTask.Site site, TemporaryFolder folder)
            throws IOException {
        Facts found = task.train(
                learned,
                settings,
                facts,
                examples.train,
                examples.validation,
                site.with(metrics.listener()),
                folder.folder());
        return new TrainedFiles(SavedFiles.read(folder.folder()), found, null);
    }
}
