/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.List;
import java.util.Map;
import org.lora4j.model.MalformedTwinsContract;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Malformed tensors on graphs. */
class MalformedTwinsInGraphsTest extends MalformedTwinsContract {

    private static final String LAYERS = "layers";

    @Override
    protected List<String> names() {
        return List.of(LAYERS, "W x^T", "gather", "conv1d, channels first", "conv2d, channels first", "attention");
    }

    @Override
    protected Base base(String name) {
        if (name.equals(LAYERS)) {
            SameDiff graph = layers();
            AdaptedSameDiff model = AdaptedSameDiff.of(graph);
            Map<String, INDArray> inputs = Map.of("x", random("x", 3, 6));
            return Base.of(
                    model,
                    () -> model.output(inputs, "y").get("y").dup('c').data().asDouble());
        }
        FormCase.Maker form = FormCase.all().stream()
                .filter(one -> one.name.equals(name))
                .findFirst()
                .orElseThrow()
                .make(DataType.FLOAT);
        AdaptedSameDiff model = AdaptedSameDiff.of(form.sd);
        return Base.of(
                model,
                () -> model.output(form.inputs, "y").get("y").dup('c').data().asDouble());
    }

    /** Two linear layers with a normalization between them. */
    private static SameDiff layers() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 6);
        SDVariable one = graph.nn().linear(x, variable(graph, "one/kernel", 6, 4), variable(graph, "one/bias", 4));
        SDVariable norm =
                graph.nn().layerNorm(one, variable(graph, "norm/gamma", 4), variable(graph, "norm/beta", 4), true, 1);
        graph.nn().linear("y", norm, variable(graph, "two/kernel", 4, 8), variable(graph, "two/bias", 8));
        return graph;
    }

    private static SDVariable variable(SameDiff graph, String name, long... shape) {
        return graph.var(name, random(name, shape));
    }

    private static INDArray random(String name, long... shape) {
        return RandomStreams.uniform(RandomStreams.of(5, name), 1, DataType.FLOAT, shape);
    }
}
