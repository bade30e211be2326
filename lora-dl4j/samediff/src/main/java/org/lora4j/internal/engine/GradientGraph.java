/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.autodiff.ReversePass;
import org.lora4j.internal.engine.plan.Arena;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A copy of a training graph with the ops of its gradients, right for all inputs of like broadcasting. */
final class GradientGraph {

    private final SameDiff graph;
    private final Session session;
    private final List<String> losses;
    private final List<String> trainable;
    private final Map<String, String> gradientOf;
    private final RequestedShapes asked;
    private final List<String> outputs;

    private GradientGraph(
            SameDiff graph,
            List<String> losses,
            List<String> trainable,
            Map<String, String> gradientOf,
            RequestedShapes asked,
            Session session) {
        this.graph = graph;
        this.session = session;
        this.losses = losses;
        this.trainable = trainable;
        this.gradientOf = gradientOf;
        this.asked = asked;
        this.outputs = outputs(losses, gradientOf);
    }

    /** Builds one from a prepared training graph, which is only read. */
    static GradientGraph build(
            SameDiff training, List<String> trainable, Map<String, long[]> shapes, Engine engine, Arena arena) {
        List<String> losses = List.copyOf(training.getLossVariables());
        RequestedShapes asked = new RequestedShapes(shapes);
        SameDiff graph = engine.fuse(training, asked, losses, true);
        ReversePass.Extension added = ReversePass.extend(graph, losses, trainable, asked, engine::rule);
        SameDiff finished =
                engine.finish(graph, new GradientShapes(asked, added.shapedLike()), outputs(losses, added.gradients()));
        return new GradientGraph(
                finished,
                losses,
                trainable,
                added.gradients(),
                asked.frozen(),
                engine.session(finished, arena, losses));
    }

    private static List<String> outputs(List<String> losses, Map<String, String> gradientOf) {
        List<String> outputs = new ArrayList<>(losses);
        outputs.addAll(gradientOf.values().stream().distinct().toList());
        return outputs;
    }

    boolean holdsFor(Map<String, long[]> shapes) {
        return asked.answersAreTheSameFor(shapes);
    }

    LossAndGradients run(Map<String, INDArray> placeholders) {
        Map<String, INDArray> found = session.run(placeholders, outputs);
        double loss = 0;
        for (String name : losses) {
            loss += found.get(name).sumNumber().doubleValue();
        }
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        Map<String, INDArray> handedOut = new HashMap<>();
        for (String name : trainable) {
            INDArray gradient = found.get(gradientOf.get(name));
            INDArray value = placeholders.containsKey(name)
                    ? placeholders.get(name)
                    : graph.getVariable(name).getArr();
            if (gradient == null) {
                gradient = Nd4j.zeros(value.dataType(), value.shape());
            } else if (handedOut.putIfAbsent(gradientOf.get(name), gradient) != null) {
                // Two parameters that are only ever added share one gradient variable; the caller owns each array.
                gradient = gradient.dup();
            }
            long[] expected = value.shape();
            if (!Arrays.equals(gradient.shape(), expected)) {
                throw new IllegalStateException("gradient of " + MessageText.name(name) + " has shape "
                        + Arrays.toString(gradient.shape()) + "; expected " + Arrays.toString(expected)
                        + ". A shape in the graph depends on the values of an input: give such values as an integer"
                        + " placeholder of one axis.");
            }
            gradients.put(name, gradient);
        }
        return new LossAndGradients(loss, gradients);
    }
}
