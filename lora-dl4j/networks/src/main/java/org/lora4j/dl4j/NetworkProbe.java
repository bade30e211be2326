/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.internal.array.io.TensorHash;
import org.lora4j.internal.format.dl4j.NetworkConfiguration;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Whether a network that was written is the one in memory: it is read, has the same configuration and the same
 * parameters in every bit, and answers rows from a fixed seed as the one in memory does. What takes images or several kinds of input does not
 * say how large they are: there configuration and parameters are all that is compared.
 */
final class NetworkProbe {

    private static final long SEED = 20261201;
    private static final int ROWS = 2;
    private static final int TIME_STEPS = 3;

    /** Relative to the largest answer: the same numbers at other addresses may be added in another order. */
    private static final double ROUNDING = 1e-5;

    /** Of larger networks no second copy is made: the bytes were compared. */
    private static final long MOST_NUMBERS = 200_000_000;

    private NetworkProbe() {}

    /** The classes in a configuration, which the program that has the network trusts. */
    static Set<String> classes(Model network) throws IOException {
        String configuration = "{}";
        if (network instanceof MultiLayerNetwork layers) {
            configuration = layers.getLayerWiseConfigurations().toJson();
        } else if (network instanceof ComputationGraph graph) {
            configuration = graph.getConfiguration().toJson();
        }
        return NetworkConfiguration.classes(configuration);
    }

    static void requireSame(Model meant, NetworkFile written) throws IOException {
        if (meant.numParams() > MOST_NUMBERS) {
            return;
        }
        if (meant instanceof MultiLayerNetwork layers) {
            MultiLayerNetwork found = written.multiLayerNetwork();
            requireSame(
                    layers,
                    found,
                    layers.getLayerWiseConfigurations()
                            .toJson()
                            .equals(found.getLayerWiseConfigurations().toJson()));
            Optional<INDArray> rows = rows(layers);
            if (rows.isPresent()) {
                requireNear(layers.output(rows.get()), found.output(rows.get()));
            }
        } else if (meant instanceof ComputationGraph graph) {
            ComputationGraph found = written.computationGraph();
            requireSame(
                    graph,
                    found,
                    graph.getConfiguration()
                            .toJson()
                            .equals(found.getConfiguration().toJson()));
            Optional<INDArray> rows = rows(graph);
            if (rows.isPresent()) {
                requireNear(graph.outputSingle(rows.get()), found.outputSingle(rows.get()));
            }
        }
    }

    private static void requireSame(Model meant, Model found, boolean configuration) throws IOException {
        if (!configuration) {
            throw failed("has another configuration than the network in memory");
        }
        boolean same = meant.numParams() == found.numParams()
                && (meant.numParams() == 0 || hash(meant.params()).equals(hash(found.params())));
        if (!same) {
            throw failed("has other parameters than the network in memory");
        }
    }

    private static void requireNear(INDArray meant, INDArray found) throws IOException {
        double[] before = meant.dup('c').ravel().castTo(DataType.DOUBLE).toDoubleVector();
        double[] now = found.dup('c').ravel().castTo(DataType.DOUBLE).toDoubleVector();
        double largest = Arrays.stream(before).map(Math::abs).max().orElse(0);
        boolean same = before.length == now.length;
        for (int i = 0; same && i < before.length; i++) {
            // What is not a number has to be none again.
            same = Double.compare(before[i], now[i]) == 0 || Math.abs(before[i] - now[i]) <= ROUNDING * largest;
        }
        if (!same) {
            throw failed("answers otherwise than the network in memory");
        }
    }

    private static String hash(INDArray array) {
        return TensorHash.of("", Map.of("values", array), name -> false);
    }

    private static IOException failed(String what) {
        return new IOException("what was written " + what + "; expected the same. Either damaged memory or a layer of"
                + " your own whose JSON leaves out some of its fields may be the reason");
    }

    private static Optional<INDArray> rows(MultiLayerNetwork network) {
        boolean isReshaped = network.getLayerWiseConfigurations().getInputPreProcess(0) != null;
        return isReshaped
                ? Optional.empty()
                : rows(network.getLayerWiseConfigurations().getConf(0).getLayer(), network.params());
    }

    /** Of a graph with one input that a layer takes, and one output. */
    private static Optional<INDArray> rows(ComputationGraph graph) {
        ComputationGraphConfiguration configuration = graph.getConfiguration();
        if (configuration.getNetworkInputs().size() != 1
                || configuration.getNetworkOutputs().size() != 1) {
            return Optional.empty();
        }
        String input = configuration.getNetworkInputs().get(0);
        Optional<INDArray> rows = Optional.empty();
        for (Map.Entry<String, GraphVertex> vertex : configuration.getVertices().entrySet()) {
            if (!configuration
                    .getVertexInputs()
                    .getOrDefault(vertex.getKey(), List.of())
                    .contains(input)) {
                continue;
            }
            if (!(vertex.getValue() instanceof LayerVertex layer) || layer.getPreProcessor() != null) {
                return Optional.empty();
            }
            rows = rows(layer.getLayerConf().getLayer(), graph.params());
        }
        return rows;
    }

    /** What a first layer takes; empty if it does not say. */
    private static Optional<INDArray> rows(Layer first, INDArray parameters) {
        if (!(first instanceof FeedForwardLayer layer) || parameters == null || parameters.isEmpty()) {
            return Optional.empty();
        }
        DataType type = parameters.dataType();
        if (layer instanceof EmbeddingLayer) {
            return Optional.of(Nd4j.zeros(type, ROWS, 1));
        }
        if (layer instanceof BaseRecurrentLayer recurrent) {
            return Optional.of(
                    recurrent.getRnnDataFormat() == RNNFormat.NWC
                            ? random(type, ROWS, TIME_STEPS, layer.getNIn())
                            : random(type, ROWS, layer.getNIn(), TIME_STEPS));
        }
        return layer instanceof DenseLayer || layer instanceof OutputLayer
                ? Optional.of(random(type, ROWS, layer.getNIn()))
                : Optional.empty();
    }

    private static INDArray random(DataType type, long... shape) {
        SplittableRandom random = new SplittableRandom(SEED);
        double[] values = random.doubles(Arrays.stream(shape).reduce(1, Math::multiplyExact), -1, 1)
                .toArray();
        return Nd4j.createFromArray(values).castTo(type).reshape(shape);
    }
}
