/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A base model as a graph of layers, which are called as PyTorch's modules are.
 *
 * @param graph the graph with the weights of the case
 * @param input the input of the case
 */
record Dl4jNet(ComputationGraph graph, INDArray input) {

    /** Fills a graph with the weights of a case. */
    static Dl4jNet of(GoldenCase golden, ComputationGraph graph, INDArray input) {
        graph.init();
        golden.base().forEach((path, tensor) -> {
            Layer layer = graph.getLayer(moduleOf(path));
            if (path.endsWith(".bias")) {
                layer.getParam("b").assign(tensor);
            } else {
                INDArray own = layer.getParam("W");
                own.assign(LayerKinds.weights(layer.conf().getLayer()).get(0).fromPeft(tensor, own));
            }
        });
        return new Dl4jNet(graph, input);
    }

    private static String moduleOf(String path) {
        return path.substring(0, path.lastIndexOf('.'));
    }

    /** The weights of a plain graph of this structure by PyTorch's names and in its layout. */
    static Map<String, INDArray> weights(ComputationGraph plain) {
        Map<String, INDArray> weights = new LinkedHashMap<>();
        for (Layer layer : plain.getLayers()) {
            String module = layer.conf().getLayer().getLayerName();
            layer.paramTable(false).forEach((name, value) -> {
                boolean bias = name.equals("b");
                weights.put(
                        module + (bias ? ".bias" : ".weight"),
                        bias
                                ? value.dup('c').reshape(value.length())
                                : LayerKinds.weights(layer.conf().getLayer())
                                        .get(0)
                                        .toPeft(value));
            });
        }
        return weights;
    }
}
