/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.internal.dl4j.layer.LayerKinds;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A base model as a graph of layers, which are called as PyTorch's modules are.
 *
 * @param graph the graph with the weights of the case
 * @param input the input of the case
 */
record Dl4jNet(ComputationGraph graph, INDArray input) {

    /** The layer that takes off the mean, and adds two features. */
    static final String CENTER = "center";

    /** The layer that only normalizes. */
    static final String NORMALIZE = "normalize";

    private static final double EPSILON = 1e-5;

    /** Fills a graph with the weights of a case. */
    static Dl4jNet of(GoldenCase golden, ComputationGraph graph, INDArray input) {
        graph.init();
        golden.base().forEach((path, tensor) -> {
            Layer layer = graph.getLayer(moduleOf(path));
            if (path.endsWith(".bias")) {
                layer.getParam("b").assign(tensor);
            } else if (tensor.rank() == 1) {
                INDArray gain = layer.getParam("W");
                gain.assign(tensor.reshape(gain.shape()));
            } else {
                INDArray own = layer.getParam("W");
                own.assign(LayerKinds.weights(layer.conf().getLayer()).get(0).fromPeft(tensor, own));
            }
        });
        if (graph.getVertex(CENTER) != null) {
            normalize(graph.getLayer(CENTER), graph.getLayer(NORMALIZE));
        }
        return new Dl4jNet(graph, input);
    }

    /**
     * The variance of n centered features x and of a, -a is {@code n / (n + 2) (mean x^2 + 2 a^2 / n)}: the second term is the
     * epsilon, and the factor becomes the gain.
     */
    private static void normalize(Layer center, Layer normalize) {
        INDArray w = center.getParam("W");
        long n = w.size(0);
        w.assign(0);
        for (long i = 0; i < n; i++) {
            for (long j = 0; j < n; j++) {
                w.putScalar(i, j, (i == j ? 1 : 0) - 1.0 / n);
            }
        }
        double a = Math.sqrt(n * EPSILON / 2);
        center.getParam("b").assign(0).putScalar(n, a).putScalar(n + 1, -a);
        normalize.getParam("W").assign(Nd4j.eye(n + 2));
        normalize.getParam("g").assign(Math.sqrt(n / (n + 2.0)));
    }

    private static String moduleOf(String path) {
        return path.substring(0, path.lastIndexOf('.'));
    }

    /** The weights of a plain graph of this structure by PyTorch's names and in its layout. */
    static Map<String, INDArray> weights(ComputationGraph plain) {
        Map<String, INDArray> weights = new LinkedHashMap<>();
        for (Layer layer : plain.getLayers()) {
            String module = layer.conf().getLayer().getLayerName();
            // Parts of a module of PyTorch's, without parameters of its own.
            if (module.equals(CENTER) || module.equals(NORMALIZE)) {
                continue;
            }
            layer.paramTable(false).forEach((name, value) -> {
                boolean vector = name.equals("b") || layer.conf().getLayer() instanceof ElementWiseMultiplicationLayer;
                weights.put(
                        module + (name.equals("b") ? ".bias" : ".weight"),
                        vector
                                ? value.dup('c').reshape(value.length())
                                : LayerKinds.weights(layer.conf().getLayer())
                                        .get(0)
                                        .toPeft(value));
            });
        }
        return weights;
    }
}
