/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.serving;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What one adapter alone answers: the measure of what the server says. */
final class Answers {

    private final GraphExecutor executor;
    private final Map<Question, float[]> known = new IdentityHashMap<>();

    private Answers(GraphExecutor executor) {
        this.executor = executor;
    }

    static Answers of(SameDiff base, Adapter adapter) {
        AdaptedSameDiff model = AdaptedSameDiff.of(base);
        model.addAdapter("alone", adapter);
        model.activate("alone");
        return new Answers(Lora.executor(model.graph()));
    }

    /** The logits of questions of one length, in order. */
    List<float[]> ask(List<Question> questions) {
        INDArray logits = executor.output(Question.inputs(questions), List.of(EncoderClassifier.LOGITS))
                .get(EncoderClassifier.LOGITS);
        List<float[]> rows = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            rows.add(logits.getRow(i).dup().data().asFloat());
        }
        return rows;
    }

    /** Remembers the answers to all questions. */
    void prepare(Traffic traffic) {
        for (List<Question> group : traffic.groups()) {
            List<float[]> answers = ask(group);
            for (int i = 0; i < group.size(); i++) {
                known.put(group.get(i), answers.get(i));
            }
        }
    }

    float[] known(Question question) {
        return known.get(question);
    }

    /** The share of right answers. */
    double accuracy() {
        return (double) known.entrySet().stream()
                        .filter(entry ->
                                best(entry.getValue()) == entry.getKey().label())
                        .count()
                / known.size();
    }

    static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    /** Answers group by group as one pass for each adapter would. */
    static void inPasses(List<Question> group, Map<String, Answers> alone) {
        Map<String, List<Question>> byAdapter = new LinkedHashMap<>();
        group.forEach(question -> byAdapter
                .computeIfAbsent(question.adapter(), adapter -> new ArrayList<>())
                .add(question));
        byAdapter.forEach((adapter, questions) -> alone.get(adapter).ask(questions));
    }
}
