/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.training;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.lora4j.exec.ExecutionParts;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * All weights of a graph whose head is the table of its words. The graph has the array under two names; it learns once, from the sum
 * of both gradients.
 *
 * @param graph all parameters, both names among them
 * @param words the name under which it learns
 * @param head the other one
 * @apiNote Status: internal
 */
public record TiedWeights(Trainable graph, String words, String head) implements Trainable {

    @Override
    public List<TrainableParameter> trainableParameters() {
        return graph.trainableParameters().stream()
                .filter(parameter -> !parameter.name().equals(head))
                .toList();
    }

    @Override
    public GraphExecutor executor() {
        return new Summing(graph.executor(), words, head);
    }

    private record Summing(GraphExecutor graph, String words, String head) implements GraphExecutor {

        @Override
        public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
            LossAndGradients both = graph.gradients(placeholders, seed);
            Map<String, INDArray> gradients = new LinkedHashMap<>(both.gradients());
            INDArray ofHead = gradients.remove(head);
            gradients.get(words).addi(ofHead);
            ofHead.close();
            return new LossAndGradients(both.loss(), gradients, both.unreached());
        }

        @Override
        public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
            return graph.output(placeholders, outputs);
        }

        @Override
        public GraphExecutor fork() {
            return new Summing(graph.fork(), words, head);
        }

        @Override
        public void release() {
            graph.release();
        }

        @Override
        public GraphExecutor inParts(int most) {
            return new Summing(graph.inParts(most), words, head);
        }

        @Override
        public int mostParts() {
            return graph.mostParts();
        }

        @Override
        public ExecutionParts parting(Map<String, INDArray> placeholders) {
            return graph.parting(placeholders);
        }

        @Override
        public GraphExecutor withProducts(Multiplier multiplier) {
            return new Summing(graph.withProducts(multiplier), words, head);
        }

        @Override
        public Multiplier multiplier() {
            return graph.multiplier();
        }

        @Override
        public OptionalDouble productSeconds() {
            return graph.productSeconds();
        }
    }
}
