/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A plain SameDiff graph, or a part of its weights, to train without adapters: full fine-tuning and heads.
 *
 * <p>Which weights learn is said here, by name; their variable type in the graph does not matter and is not changed.
 * Training writes to the graph's own arrays.
 *
 * @apiNote Status: experimental
 */
public final class TrainableGraph implements Trainable {

    private final GraphExecutor executor;
    private final List<TrainableParameter> parameters;

    private TrainableGraph(GraphExecutor executor, List<TrainableParameter> parameters) {
        this.executor = executor;
        this.parameters = parameters;
    }

    /**
     * Some weights of a graph.
     *
     * @param graph a graph with loss variables
     * @param names names of floating-point CONSTANTs or VARIABLEs
     * @return the graph with those weights trainable
     * @throws IllegalArgumentException if a name is no such leaf or one of a convolution in groups, or the graph has no loss
     */
    public static TrainableGraph of(SameDiff graph, Collection<String> names) {
        Arguments.required(graph, "TrainableGraph.of: graph", "a graph");
        Arguments.allRequired(names, "TrainableGraph.of: names", "the name of a weight");
        requireOneGroup(graph, names);
        GraphExecutor executor = SameDiffExecutor.forTraining(graph, names).fastest();
        List<TrainableParameter> parameters = new ArrayList<>();
        for (String name : names) {
            INDArray value = graph.getVariable(name).getArr();
            boolean vector = value.rank() < 2 || (value.rank() == 2 && value.size(0) == 1);
            Kind kind = vector ? Kind.BIAS_OR_NORM : Kind.WEIGHT;
            parameters.add(new TrainableParameter(name, module(name), kind, value));
        }
        return new TrainableGraph(executor, List.copyOf(parameters));
    }

    /** The zeros between groups of channels would learn, too. */
    private static void requireOneGroup(SameDiff graph, Collection<String> names) {
        List<String> grouped = names.stream()
                .filter(graph::hasVariable)
                .filter(name -> graph.hasVariable(ModulePaths.groups(name))
                        && graph.getVariable(name).getArr().rank() > 2)
                .toList();
        if (!grouped.isEmpty()) {
            throw new IllegalArgumentException("TrainableGraph: " + Problems.quoted(grouped)
                    + " are weights of convolutions over groups of channels, which would not stay apart; expected others."
                    + " Train adapters, or leave these weights out.");
        }
    }

    /**
     * The names of all weights of a graph: floating-point CONSTANTs and VARIABLEs with a dot in their name, which is how
     * parameters are named after their module. Constants of the computation itself have none.
     *
     * @param graph a graph
     * @return names in the graph's order
     */
    public static List<String> weights(SameDiff graph) {
        Arguments.required(graph, "TrainableGraph.weights: graph", "a graph");
        List<String> names = new ArrayList<>();
        for (SDVariable v : graph.variables()) {
            boolean leaf = v.getVariableType() == VariableType.CONSTANT || v.getVariableType() == VariableType.VARIABLE;
            if (leaf && v.dataType().isFPType() && v.name().indexOf('.') > 0) {
                names.add(v.name());
            }
        }
        return names;
    }

    private static String module(String parameter) {
        int dot = parameter.lastIndexOf('.');
        return dot < 0 ? parameter : parameter.substring(0, dot);
    }

    @Override
    public List<TrainableParameter> trainableParameters() {
        return parameters;
    }

    @Override
    public GraphExecutor executor() {
        return executor;
    }

    @Override
    public String toString() {
        return "TrainableGraph[" + parameters.size() + " parameters]";
    }
}
