/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.host.HostParameter;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A parameter of the base that can be trained fully: a leaf under the name that adapter files use.
 *
 * @param path dotted path, for instance {@code classifier.weight}
 * @param variable the leaf that holds the parameter
 * @param weightOf the module whose weight this is, or null
 * @param exclusive whether nothing else reads the leaf, so that it can be replaced as a whole
 */
record GraphParameter(String path, String variable, GraphModule weightOf, boolean exclusive) {

    /** Path of the module that the parameter belongs to. */
    String module() {
        return HostParameter.module(path);
    }

    boolean isBias() {
        return HostParameter.isBias(path);
    }

    /** Whether the array is a bias, a gain or the like: one axis, or a row as SameDiff and DL4J write them. */
    boolean isVector(INDArray host) {
        return weightOf == null && (host.rank() < 2 || (host.rank() == 2 && host.size(0) == 1));
    }

    INDArray toPeft(INDArray host) {
        return weightOf == null
                ? reshaped(host, peftShape(host))
                : weightOf.weightLayout().toPeft(host, weightOf.shape());
    }

    INDArray fromPeft(INDArray peft, long[] hostShape) {
        return weightOf == null
                ? reshaped(peft, hostShape)
                : weightOf.weightLayout().fromPeft(peft, hostShape);
    }

    // A copy last: SameDiff copies what is a view when it takes it in, and training would then write beside the graph.
    private static INDArray reshaped(INDArray array, long[] shape) {
        return Arrays.equals(array.shape(), shape)
                ? array.dup('c')
                : array.reshape(shape).dup('c');
    }

    /** PEFT's biases have one axis, whatever the graph's have. */
    long[] peftShape(INDArray host) {
        if (weightOf != null) {
            return weightOf.shape().weight();
        }
        return isBias() && isVector(host) ? new long[] {host.length()} : host.shape();
    }

    /** All parameters of a graph: floating point leaves with at least one axis, in a fixed order. */
    static List<GraphParameter> of(SameDiff graph, List<GraphModule> modules) {
        List<GraphParameter> parameters = new ArrayList<>();
        Set<String> paths = new HashSet<>();
        Set<String> weights = new HashSet<>();
        Map<String, String> biases = new HashMap<>();
        Collection<String> stored = StoredWeights.names(graph);
        weights.addAll(StoredWeights.leaves(graph));
        for (GraphModule module : modules) {
            String path = module.weightPath();
            paths.add(path);
            weights.add(module.weight());
            Set<String> uses = new HashSet<>(module.uses());
            // A stored weight is no leaf whose array could be another one.
            boolean exclusive = !stored.contains(module.weight())
                    && (module.isParameter() || uses.containsAll(GraphOrder.consumers(graph, module.weight())));
            parameters.add(new GraphParameter(path, module.weight(), module, exclusive));
            if (module.bias() != null) {
                biases.putIfAbsent(module.bias(), module.biasPath());
            }
        }
        for (SDVariable leaf : graph.variables()) {
            if (isParameter(leaf) && !weights.contains(leaf.name())) {
                String path = biases.getOrDefault(leaf.name(), ModulePaths.dotted(leaf.name()));
                parameters.add(new GraphParameter(free(paths, path), leaf.name(), null, true));
            }
        }
        return List.copyOf(parameters);
    }

    // Names such as a/b and a.b would be one path.
    private static String free(Set<String> paths, String wanted) {
        String path = wanted;
        for (int i = 2; !paths.add(path); i++) {
            path = wanted + "." + i;
        }
        return path;
    }

    private static boolean isParameter(SDVariable variable) {
        boolean leaf = variable.getVariableType() == VariableType.VARIABLE
                || variable.getVariableType() == VariableType.CONSTANT;
        INDArray array = leaf && variable.dataType().isFPType() ? variable.getArr() : null;
        return array != null && array.rank() > 0;
    }
}
