/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * One task of a {@link MultiTaskModel}: a graph with a head and a loss over the base that all tasks share.
 *
 * @param name what it is called; a folder of the saved model
 * @param graph the base with this task's head and loss, never changed; module paths, shapes and weights of the base are
 *     those of the other tasks' graphs ({@code EncoderClassifier.create(weights, ...)} with the same weights, for instance)
 * @param head paths of the modules that this task trains in full, as {@code modulesToSave}; perhaps none
 * @param labels which output means what, saved with the task, or empty
 * @apiNote Status: experimental
 */
public record Task(String name, SameDiff graph, List<String> head, Optional<TaskLabels> labels) {

    /**
     * Copies the list.
     *
     * @param name as in the record
     * @param graph as in the record
     * @param head as in the record
     * @param labels as in the record
     * @throws NullPointerException if the graph, the list or the labels are null
     */
    public Task {
        Objects.requireNonNull(graph, "Task: graph is null; expected a graph with a loss");
        Objects.requireNonNull(labels, "Task: labels is null; expected an Optional");
        head = List.copyOf(head);
    }

    /**
     * A task with one head and without names of labels.
     *
     * @param name as in the record
     * @param graph as in the record
     * @param head path of the head
     */
    public Task(String name, SameDiff graph, String head) {
        this(name, graph, List.of(head), Optional.empty());
    }

    @Override
    public String toString() {
        return "Task[" + MessageText.name(name) + ", head " + Problems.quoted(head) + ", "
                + graph.getOps().size() + " ops]";
    }
}
