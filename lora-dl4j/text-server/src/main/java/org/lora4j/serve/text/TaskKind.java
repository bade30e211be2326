/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.util.Arrays;
import org.lora4j.text.TaskHead;

/**
 * What an adapter is for.
 *
 * @apiNote Status: experimental
 */
public enum TaskKind {
    /** Labels of a text: {@link org.lora4j.text.TextClassifier}. */
    CLASSES("text-classification", "classify"),
    /** A label of two texts: {@link org.lora4j.text.PairClassifier}. */
    PAIR_CLASSES("pair-classification", "classify, with two texts"),
    /** A tag for each word: {@link org.lora4j.text.TokenClassifier}. */
    TAGS("token-classification", "tag"),
    /** A number for a text: {@link org.lora4j.text.TextRegressor}. */
    NUMBER("text-regression", "regress"),
    /** How relevant a passage is for a query: {@link org.lora4j.text.ReRanker}. */
    RELEVANCE("re-ranking", "rerank"),
    /** Vectors of texts: {@link org.lora4j.text.SentenceEncoder}, and the base. */
    VECTORS("sentence-encoding", "embed and similarity");

    private final String task;
    private final String calls;

    TaskKind(String task, String calls) {
        this.task = task;
        this.calls = calls;
    }

    /**
     * What saved tasks call it.
     *
     * @return the field {@code task} of their description
     */
    public String task() {
        return task;
    }

    /** What it answers to, for messages. */
    String calls() {
        return calls;
    }

    /** The kind of a task. */
    static TaskKind of(TaskHead<?, ?> head) {
        return Arrays.stream(values())
                .filter(kind -> kind.task.equals(head.kind().name()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("TextServer: the task " + head.kind()
                        + " is none that it serves; expected one of " + Arrays.toString(values())
                        + ". Use the task by itself."));
    }
}
