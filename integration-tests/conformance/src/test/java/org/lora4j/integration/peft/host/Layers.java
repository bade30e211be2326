/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The layers of PyTorch that the architectures consist of, in a graph, under PyTorch's names. Sequences are kept flat,
 * {@code [batch * time, features]}, because SameDiff has no product of three axes with two.
 */
final class Layers {

    private final GoldenCase golden;
    private final SameDiff graph;
    private final Map<String, UnaryOperator<INDArray>> toTorch = new LinkedHashMap<>();

    Layers(GoldenCase golden) {
        this(golden, SameDiff.create());
    }

    Layers(GoldenCase golden, SameDiff graph) {
        this.golden = golden;
        this.graph = graph;
    }

    SameDiff graph() {
        return graph;
    }

    boolean has(String weight) {
        return golden.base().containsKey(weight);
    }

    /** A weight of the base, with PyTorch's values. */
    INDArray array(String weight) {
        INDArray array = golden.base().get(weight);
        if (array == null) {
            throw new IllegalArgumentException("case \"" + golden.name() + "\": base.safetensors has no \"" + weight
                    + "\", which the model \"" + golden.model() + "\" needs");
        }
        return array;
    }

    /** The paths {@code stem + number} of which there are weights, counted up by a step. */
    List<String> numbered(String stem, int first, int step, String weight) {
        List<String> found = new ArrayList<>();
        for (int i = first; has(stem + i + weight); i += step) {
            found.add(stem + i);
        }
        return found;
    }

    SDVariable parameter(String name) {
        return parameter(name, array(name), UnaryOperator.identity());
    }

    /** A weight that lies otherwise in the graph; {@code back} turns it to PyTorch's layout. */
    SDVariable parameter(String name, INDArray host, UnaryOperator<INDArray> back) {
        note(name, back);
        return graph.hasVariable(name) ? graph.getVariable(name) : graph.var(name, host.dup('c'));
    }

    void note(String name, UnaryOperator<INDArray> back) {
        toTorch.put(name, back);
    }

    /** The weights of a graph that was made of this one, as PyTorch has them. */
    Map<String, INDArray> weights(SameDiff merged) {
        Map<String, INDArray> weights = new LinkedHashMap<>();
        toTorch.forEach((name, back) ->
                weights.put(name, back.apply(merged.getVariable(name).getArr()).dup('c')));
        return weights;
    }

    SDVariable input(String name) {
        return placeholder(name, given(name).shape());
    }

    /** As {@link #input}, for batches of any number of rows. */
    SDVariable rows(String name) {
        long[] shape = given(name).shape().clone();
        shape[0] = -1;
        return placeholder(name, shape);
    }

    private INDArray given(String name) {
        INDArray array = golden.io().get(name);
        if (array == null) {
            throw new IllegalArgumentException(
                    "case \"" + golden.name() + "\": io.safetensors has no \"" + name + "\"");
        }
        return array;
    }

    private SDVariable placeholder(String name, long[] shape) {
        return graph.placeHolder(name, given(name).dataType(), shape);
    }

    /** The number of rows of a flat sequence. */
    static long rows(INDArray sequence) {
        return sequence.size(0) * sequence.size(1);
    }

    SDVariable linear(String module, SDVariable x) {
        return withBias(module + ".bias", graph.mmul(x, parameter(module + ".weight"), false, true, false));
    }

    /** GPT-2's Conv1D: a linear map with its weight {@code [in, out]}. */
    SDVariable linearInOut(String module, SDVariable x) {
        return withBias(module + ".bias", graph.mmul(x, parameter(module + ".weight")));
    }

    SDVariable withBias(String bias, SDVariable y) {
        return has(bias) ? y.add(parameter(bias)) : y;
    }

    SDVariable relu(SDVariable x) {
        return graph.nn().relu(x, 0);
    }

    SDVariable layerNorm(String module, SDVariable x, double epsilon) {
        SDVariable centered = x.sub(x.mean(true, 1));
        SDVariable variance = graph.math().square(centered).mean(true, 1);
        SDVariable normalized = centered.div(graph.math().sqrt(variance.add(epsilon)));
        return normalized.mul(parameter(module + ".weight")).add(parameter(module + ".bias"));
    }

    SDVariable rmsNorm(String module, SDVariable x, double epsilon) {
        SDVariable meanSquare = graph.math().square(x).mean(true, 1);
        return x.div(graph.math().sqrt(meanSquare.add(epsilon))).mul(parameter(module + ".weight"));
    }

    SDVariable sigmoid(SDVariable x) {
        return graph.nn().sigmoid(x);
    }

    SDVariable constant(INDArray array) {
        return graph.constant(array.castTo(DataType.FLOAT));
    }
}
