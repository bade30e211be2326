/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.serving;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.AdapterAlgebra;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.retention.EarlierHead;
import org.lora4j.retention.Retention;
import org.lora4j.retention.RetentionProbe;
import org.lora4j.retention.RetentionReport;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a model that learned one task still knows of another, which it never saw: the features of texts of that one, and a
 * classifier on them (nearest mean) that was made with the base's features.
 */
final class Knowledge {

    private final List<Question> task;
    private final List<Question> prototypes;
    private final List<Question> unrelated;
    private final Map<String, INDArray> features = new LinkedHashMap<>();
    private final Map<String, Double> accuracy = new LinkedHashMap<>();
    private final Consumer<String> progress;
    private RetentionProbe probe;

    /**
     * What to ask.
     *
     * @param task questions of the task that was learned
     * @param prototypes labeled texts of the other one, to make the classifier of
     * @param unrelated texts of the other one
     */
    Knowledge(List<Question> task, List<Question> prototypes, List<Question> unrelated, Consumer<String> progress) {
        this.task = List.copyOf(task);
        this.prototypes = List.copyOf(prototypes);
        this.unrelated = List.copyOf(unrelated);
        this.progress = progress;
    }

    /** Features and accuracy of the base; comes first. */
    void base(SameDiff base) {
        GraphExecutor executor = executor(base);
        EarlierHead earlier = EarlierHead.prototypes(
                ServedTask.NOUNS,
                output(executor, prototypes, EncoderGraph.POOLED),
                labels(prototypes),
                labels(unrelated));
        probe = RetentionProbe.builder(output(executor, unrelated, EncoderGraph.POOLED))
                .head(earlier)
                .build();
    }

    /** A model with an adapter: on, off, merged and at part strength. */
    void adapter(String name, SameDiff base, Adapter adapter) {
        AdaptedSameDiff model = AdaptedSameDiff.of(base);
        model.addAdapter("on", adapter);
        model.activate("on");
        add(name, model.graph());
        for (double strength : new double[] {0.5, 0.25}) {
            String part = "strength " + strength;
            model.addAdapter(part, AdapterAlgebra.rescale(adapter, strength));
            model.activate(part);
            add(name + ", " + part, model.graph());
        }
        model.activate("on");
        model.merge();
        add(name + ", merged", model.graph());
        model.unmerge();
        model.disable();
        add(name + ", off", model.graph());
        Retention off = probe.measure("off", features.get(name + ", off"));
        if (!off.isExact()) {
            throw new IllegalStateException(
                    "knowledge: with the adapter off a feature differs by " + off.largestDifference()
                            + " from the base's; expected no difference at all. Report this as a bug.");
        }
    }

    /** A model that has its own weights, or a state of an adapted one. */
    void add(String state, SameDiff graph) {
        GraphExecutor executor = executor(graph);
        features.put(state, output(executor, unrelated, EncoderGraph.POOLED));
        INDArray logits = output(executor, task, EncoderClassifier.LOGITS);
        int right = 0;
        for (int i = 0; i < task.size(); i++) {
            right += Answers.best(logits.getRow(i).dup().data().asFloat())
                            == task.get(i).label()
                    ? 1
                    : 0;
        }
        accuracy.put(state, (double) right / task.size());
        progress.accept(state);
    }

    RetentionReport report() {
        return probe.report(features);
    }

    /** The share of right answers to the learned task, by state. */
    Map<String, Double> accuracy() {
        return accuracy;
    }

    private static int[] labels(List<Question> questions) {
        return questions.stream().mapToInt(Question::label).toArray();
    }

    private static GraphExecutor executor(SameDiff graph) {
        return Lora.executor(graph);
    }

    /** One output of all questions, in their order. */
    private static INDArray output(GraphExecutor executor, List<Question> questions, String name) {
        Map<Integer, List<Integer>> byLength = new LinkedHashMap<>();
        for (int i = 0; i < questions.size(); i++) {
            byLength.computeIfAbsent(questions.get(i).length(), length -> new ArrayList<>())
                    .add(i);
        }
        INDArray[] all = new INDArray[1];
        byLength.values().forEach(same -> {
            for (int from = 0; from < same.size(); from += Traffic.GROUP) {
                List<Integer> group = same.subList(from, Math.min(from + Traffic.GROUP, same.size()));
                INDArray rows = executor.output(
                                Question.inputs(
                                        group.stream().map(questions::get).toList()),
                                List.of(name))
                        .get(name);
                if (all[0] == null) {
                    all[0] = Nd4j.create(DataType.FLOAT, questions.size(), rows.size(1));
                }
                for (int i = 0; i < group.size(); i++) {
                    all[0].putRow(group.get(i), rows.getRow(i));
                }
            }
        });
        return all[0];
    }
}
