/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.NetworkModule;
import org.lora4j.dl4j.NetworkModules;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.tribuo.input.InputSpec;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Layers as vertices of a graph with one input and one output. */
final class LayerGraphBody extends LayerBody<ComputationGraph> {

    LayerGraphBody(ComputationGraph network) {
        super(network);
        ComputationGraphConfiguration conf = network.getConfiguration();
        Problems problems = new Problems();
        only("inputs", conf.getNetworkInputs(), problems);
        only("outputs", conf.getNetworkOutputs(), problems);
        problems.throwIfAny("BaseNetwork");
        output();
    }

    private static void only(String what, List<String> names, Problems problems) {
        problems.check(
                names.size() == 1,
                "the graph has " + names.size() + " " + what + ", " + Problems.quoted(names) + ", expected 1");
    }

    @Override
    public BaseKind kind() {
        return BaseKind.COMPUTATION_GRAPH;
    }

    @Override
    public List<InputSpec> inputs() {
        ComputationGraphConfiguration conf = network().getConfiguration();
        String input = conf.getNetworkInputs().get(0);
        List<LayerVertex> readers = new ArrayList<>();
        conf.getVertexInputs().forEach((name, inputs) -> {
            if (inputs.contains(input) && conf.getVertices().get(name) instanceof LayerVertex vertex) {
                readers.add(vertex);
            }
        });
        if (readers.isEmpty()) {
            throw new IllegalArgumentException("BaseNetwork: the input " + MessageText.name(input)
                    + " of the graph goes to no layer; expected one that tells what it eats.");
        }
        LayerVertex first = readers.get(0);
        return List.of(LayerInputs.of(input, first.getLayerConf().getLayer(), first.getPreProcessor()));
    }

    @Override
    public List<String> modules() {
        return NetworkModules.find(plain()).modules().stream()
                .map(NetworkModule::path)
                .toList();
    }

    @Override
    public String contentHash() {
        ComputationGraphConfiguration conf = network().getConfiguration().clone();
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        String json = ComputationGraphConfiguration.fromJson(conf.toJson()).toJson();
        return new ContentHash()
                .add(kind().name())
                .add(json)
                .add(network().params())
                .hex();
    }

    private String outputName() {
        return network().getConfiguration().getNetworkOutputs().get(0);
    }

    @Override
    OutputLayer output() {
        GraphVertex vertex = network().getConfiguration().getVertices().get(outputName());
        if (vertex instanceof LayerVertex layer) {
            return PlainLayers.output(layer.getLayerConf().getLayer(), "\"" + outputName() + "\"");
        }
        throw new IllegalArgumentException(
                "BaseNetwork: the output " + MessageText.name(outputName()) + " is a vertex of kind "
                        + vertex.getClass().getSimpleName() + "; expected an OutputLayer, whose place the head takes.");
    }

    @Override
    boolean endsWithOutput() {
        String last = null;
        for (int index : network().topologicalSortOrder()) {
            org.deeplearning4j.nn.graph.vertex.GraphVertex vertex = network().getVertices()[index];
            if (vertex.numParams() > 0) {
                last = vertex.getVertexName();
            }
        }
        return outputName().equals(last);
    }

    @Override
    String outputKey() {
        return outputName();
    }

    @Override
    ComputationGraph over(INDArray values) {
        ComputationGraph same =
                new ComputationGraph(network().getConfiguration().clone());
        same.init(values, false);
        return same;
    }

    @Override
    ComputationGraph over(INDArray values, OutputLayer output) {
        ComputationGraphConfiguration conf = network().getConfiguration().clone();
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        conf.setTrainingWorkspaceMode(WorkspaceMode.NONE);
        conf.getVertices().forEach((name, vertex) -> {
            if (vertex instanceof LayerVertex layer) {
                Layer own = layer.getLayerConf().getLayer();
                layer.getLayerConf().clearVariables();
                layer.getLayerConf().setMiniBatch(true);
                layer.getLayerConf().setLayer(name.equals(outputName()) ? output : PlainLayers.of(own));
            }
        });
        ComputationGraph other = new ComputationGraph(conf);
        other.init(values, false);
        return other;
    }

    @Override
    AdaptedNetwork<ComputationGraph> adapt(ComputationGraph copy) {
        return FrozenWeights.adapted(copy);
    }

    @Override
    LayerAccess<ComputationGraph> access() {
        return new Access();
    }

    private static final class Access implements LayerAccess<ComputationGraph> {

        @Override
        public Map<String, Layer> layers(ComputationGraph network) {
            Map<String, Layer> layers = new LinkedHashMap<>();
            network.getConfiguration().getVertices().forEach((name, vertex) -> {
                if (vertex instanceof LayerVertex layer) {
                    layers.put(name, layer.getLayerConf().getLayer());
                }
            });
            return layers;
        }

        @Override
        public INDArray output(ComputationGraph network, INDArray input) {
            return network.outputSingle(input);
        }
    }
}
