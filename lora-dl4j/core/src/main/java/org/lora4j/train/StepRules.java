/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.error.Problems;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.checkpoint.CheckpointContent;
import org.lora4j.internal.checkpoint.UnusableContentException;
import org.lora4j.method.StepRule;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The rules of a run that the model's methods asked for. */
record StepRules(List<StepRule> rules, List<TrainableParameter> parameters) {

    static StepRules of(List<StepRule> rules, List<TrainableParameter> parameters) {
        return new StepRules(List.copyOf(rules), parameters);
    }

    /** A rule's term of the loss. */
    private record RulePenalty(StepRule rule) implements Penalty {

        @Override
        public List<String> misfits(List<TrainableParameter> learning) {
            return List.of();
        }

        @Override
        public LossAndGradients at(List<TrainableParameter> learning) {
            StepRule.Term term = rule.penalty(values(learning));
            return new LossAndGradients(term.loss(), term.gradients());
        }
    }

    Stream<Penalty> penalties() {
        return rules.stream().map(RulePenalty::new);
    }

    private static Map<String, INDArray> values(List<TrainableParameter> learning) {
        Map<String, INDArray> values = new LinkedHashMap<>();
        learning.forEach(parameter -> values.put(parameter.name(), parameter.value()));
        return values;
    }

    void afterStep(long step, List<INDArray> gradients, double scale) {
        if (rules.isEmpty()) {
            return;
        }
        Map<String, INDArray> named = new LinkedHashMap<>();
        for (int i = 0; i < gradients.size(); i++) {
            if (gradients.get(i) != null) {
                named.put(
                        parameters.get(i).name(),
                        scale == 1 ? gradients.get(i) : gradients.get(i).mul(scale));
            }
        }
        rules.forEach(rule -> rule.afterStep(step, values(parameters), named));
    }

    void afterRun() {
        rules.forEach(rule -> rule.afterRun(values(parameters)));
    }

    private List<String> texts() {
        return rules.stream().map(StepRule::toString).toList();
    }

    void save(CheckpointContent content) {
        for (int i = 0; i < rules.size(); i++) {
            content.put("rule" + i, texts().get(i));
            rules.get(i).state().forEach(content.part("state" + i)::put);
        }
    }

    void check(CheckpointContent content, Problems problems) {
        List<String> saved = new ArrayList<>();
        for (int i = 0; content.has("rule" + i); i++) {
            saved.add(content.text("rule" + i));
        }
        problems.check(saved.equals(texts()), "the rules of methods are " + texts() + ", expected " + saved);
    }

    void load(CheckpointContent content) {
        for (int i = 0; i < rules.size(); i++) {
            try {
                rules.get(i).restore(content.part("state" + i).arrays());
            } catch (IllegalArgumentException e) {
                throw new UnusableContentException(e.getMessage());
            }
        }
    }
}
