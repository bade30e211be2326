/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.method.ModuleShape;
import org.lora4j.model.MalformedTwinsContract;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Malformed tensors on plain weights: merging, and looking for what changes. */
class MalformedTwinsInWeightsTest extends MalformedTwinsContract {

    private static final Map<String, ModuleShape> MODULES = Map.of(
            "linear", ModuleShape.linear(6, 4),
            "table", ModuleShape.embedding(7, 4),
            "window", ModuleShape.convolution(2, 4, 3, 2),
            "experts", ModuleShape.experts(2, 6, 4),
            "groups", ModuleShape.groupedConvolution(4, 6, 2, 3, 2));

    @Override
    protected List<String> names() {
        return MODULES.keySet().stream().sorted().toList();
    }

    @Override
    protected boolean readsFiles() {
        return true;
    }

    @Override
    protected Base base(String name) {
        ModuleShape shape = MODULES.get(name);
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        arrays.put("m.weight", random(shape.weight()));
        arrays.put("m.bias", random(shape.outputs()));
        arrays.put("norm.weight", random(shape.outputs()));
        arrays.put("norm.bias", random(shape.outputs()));
        if (name.equals("linear")) {
            arrays.put("other.weight", random(8, 6));
        }
        ModelWeights weights = ModelWeights.of(arrays);
        Map<String, ModuleShape> modules = new LinkedHashMap<>();
        modules.put("m", shape);
        if (name.equals("linear")) {
            modules.put("other", ModuleShape.linear(6, 8));
        }
        return new Base() {
            @Override
            public ModelWeights weights() {
                return weights;
            }

            @Override
            public Map<String, ModuleShape> modules() {
                return modules;
            }

            @Override
            public void attach(Adapter adapter) throws IOException {
                WeightChanges.of(adapter, weights);
                WeightMerge.merged(weights, List.of(adapter));
            }

            @Override
            public Object state() {
                return arrays.toString();
            }
        };
    }

    private static INDArray random(long... shape) {
        return RandomStreams.uniform(RandomStreams.of(3, "base"), 1, DataType.FLOAT, shape);
    }
}
