/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.internal.engine.autodiff.rules.Shapes;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The shapes of a graph, from all its values. */
final class ArrayShapes implements Shapes {

    private final Map<String, long[]> shapes = new HashMap<>();

    ArrayShapes(SameDiff graph) {
        this(graph, Map.of());
    }

    ArrayShapes(SameDiff graph, Map<String, INDArray> inputs) {
        String[] names = graph.variables().stream().map(SDVariable::name).toArray(String[]::new);
        Map<String, INDArray> values = graph.output(inputs, names);
        values.forEach((name, value) -> shapes.put(name, value.shape()));
    }

    @Override
    public int rank(String variable) {
        return shapes.get(variable).length;
    }

    @Override
    public int[] broadcastDimensions(String input, String output) {
        long[] in = shapes.get(input);
        long[] out = shapes.get(output);
        int missing = out.length - in.length;
        return IntStream.range(0, out.length)
                .filter(d -> d < missing || (in[d - missing] == 1 && out[d] != 1))
                .toArray();
    }
}
