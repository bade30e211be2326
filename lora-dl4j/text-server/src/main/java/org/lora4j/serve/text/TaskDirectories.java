/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.lora4j.adapter.AdapterLoader;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.StagedFiles;
import org.lora4j.internal.text.TaskFiles;
import org.lora4j.text.PairClassifier;
import org.lora4j.text.ReRanker;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.TaskHead;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextRegressor;
import org.lora4j.text.TextTask;
import org.lora4j.text.TokenClassifier;
import org.lora4j.trust.TrustPolicy;

/** Reads what a server can serve, whatever kind of task it is. */
final class TaskDirectories {

    /** The {@code load} of the class of a task. */
    private interface Loader<T> {
        T load(Path directory, TextEncoder encoder) throws IOException;
    }

    /** Which class reads which task. */
    private static final Map<String, Loader<TaskHead<?, ?>>> TASKS = Map.of(
            TaskKind.CLASSES.task(), (directory, encoder) -> head(TextClassifier.load(directory, encoder)),
            TaskKind.PAIR_CLASSES.task(), (directory, encoder) -> head(PairClassifier.load(directory, encoder)),
            TaskKind.TAGS.task(), (directory, encoder) -> head(TokenClassifier.load(directory, encoder)),
            TaskKind.NUMBER.task(), (directory, encoder) -> head(TextRegressor.load(directory, encoder)),
            TaskKind.RELEVANCE.task(), (directory, encoder) -> head(ReRanker.load(directory, encoder)),
            TaskKind.VECTORS.task(), TaskDirectories::vectors);

    private TaskDirectories() {}

    /**
     * Reads a directory.
     *
     * @throws IncompatibleBaseException if it is of another task or for another encoder; the message lists every difference
     * @throws IOException if a file is missing or damaged
     */
    static TaskHead<?, ?> read(Path directory, TextEncoder encoder, TrustPolicy trust) throws IOException {
        if (!Files.exists(StagedFiles.locate(directory, TaskFiles.DESCRIPTION))) {
            return TaskHead.ofFactors(
                    encoder, AdapterLoader.of(directory).trust(trust).load());
        }
        Object task = TaskFiles.read(directory).get("task");
        Loader<TaskHead<?, ?>> loader = task instanceof String name ? TASKS.get(name) : null;
        if (loader == null) {
            throw new IncompatibleBaseException(directory.resolve(TaskFiles.DESCRIPTION) + ": it is of the task "
                    + MessageText.name(task) + "; expected one of " + MessageText.values(TASKS.keySet())
                    + ", which a server of texts serves.");
        }
        return loader.load(directory, encoder);
    }

    private static TaskHead<?, ?> head(TextTask<?, ?, ?, ?, ?> task) {
        try (task) {
            return task.taskHead();
        }
    }

    private static TaskHead<?, ?> vectors(Path directory, TextEncoder encoder) throws IOException {
        try (SentenceEncoder read = SentenceEncoder.load(directory, encoder)) {
            return read.taskHead();
        }
    }
}
