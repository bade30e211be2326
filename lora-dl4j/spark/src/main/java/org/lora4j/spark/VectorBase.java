/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.config.AdapterConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.model.AdaptedModel;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.SameDiffFile;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.Trainable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A frozen base of vectors: a network of Deeplearning4j or a SameDiff graph. It is shared, and never changed. */
interface VectorBase extends AutoCloseable {

    /** The base with a fresh adapter. */
    Adapted fresh(AdapterConfig config, ParamValues settings);

    /** The base with an adapter that was saved. */
    Adapted saved(Path directory, ParamValues settings) throws IOException;

    /** Looks whether the base takes rows and gives rows; {@code problems} get why not. */
    default void check(ParamValues settings, Problems problems) {}

    /** How many numbers a row has, if the base tells. */
    OptionalInt width(ParamValues settings);

    @Override
    default void close() {
        // What reads the file owns nothing else.
    }

    /**
     * A base with an adapter. For one thread at a time.
     *
     * @param model the adapters of it
     * @param trainable how it learns from the arrays that its names say
     * @param outputs gives what it computes of rows
     */
    record Adapted(AdaptedModel model, Trainable trainable, Outputs outputs) {

        /** What a model computes. */
        interface Outputs {
            INDArray of(INDArray rows);
        }

        /** What batches call their arrays. */
        static DataSetPlaceholders names(ParamValues settings) {
            return DataSetPlaceholders.of(settings.text("inputName"), settings.text("labelsName"));
        }
    }

    /** Reads a base: a zip is a network, all else a graph. */
    static VectorBase read(Path path) throws IOException {
        byte[] start = RegularFile.start(path, 2);
        boolean zip = start.length == 2 && start[0] == 'P' && start[1] == 'K';
        if (!zip) {
            return new OfGraph(SameDiffFile.read(path));
        }
        Model network = NetworkFile.of(path).withoutUpdater().network();
        if (network instanceof MultiLayerNetwork layers) {
            return new OfLayers(layers);
        }
        if (network instanceof ComputationGraph graph) {
            return new OfVertices(graph);
        }
        throw new ModelFormatException(path + ": it holds a "
                + network.getClass().getSimpleName() + "; expected a MultiLayerNetwork or a ComputationGraph.");
    }

    private static void requireLoss(Layer last, ParamValues settings, Problems problems) {
        problems.check(
                last instanceof IOutputLayer,
                "checkpoint = " + MessageText.name(settings.text("checkpoint")) + ": the last layer, "
                        + MessageText.name(last.conf().getLayer().getLayerName()) + ", has no loss, expected an output"
                        + " layer, such as an OutputLayer or a LossLayer");
    }

    /** A network of layers in a row. */
    record OfLayers(MultiLayerNetwork network) implements VectorBase {

        @Override
        public void check(ParamValues settings, Problems problems) {
            requireLoss(network.getOutputLayer(), settings, problems);
        }

        @Override
        public OptionalInt width(ParamValues settings) {
            return InputWidth.of(
                    network.getLayerWiseConfigurations().getConf(0).getLayer(),
                    network.getLayerWiseConfigurations().getInputPreProcess(0));
        }

        @Override
        public Adapted fresh(AdapterConfig config, ParamValues settings) {
            return adapted(DefaultAdapter.fresh(AdaptedNetwork.of(network), config, settings.seed()), settings);
        }

        @Override
        public Adapted saved(Path directory, ParamValues settings) throws IOException {
            return adapted(DefaultAdapter.saved(AdaptedNetwork.of(network), directory), settings);
        }

        private static Adapted adapted(AdaptedNetwork<MultiLayerNetwork> model, ParamValues settings) {
            return new Adapted(
                    model,
                    model.trainable(Adapted.names(settings)),
                    rows -> model.network().output(rows));
        }
    }

    /** A network of vertices. */
    record OfVertices(ComputationGraph network) implements VectorBase {

        @Override
        public void check(ParamValues settings, Problems problems) {
            List<String> inputs = network.getConfiguration().getNetworkInputs();
            List<String> outputs = network.getConfiguration().getNetworkOutputs();
            problems.check(
                    inputs.size() == 1,
                    "the network has " + inputs.size() + " inputs, " + Problems.quoted(inputs)
                            + ", expected 1, for the vectors of a column");
            problems.check(
                    outputs.size() == 1,
                    "the network has " + outputs.size() + " outputs, " + Problems.quoted(outputs) + ", expected 1");
            if (outputs.size() == 1) {
                requireLoss(network.getOutputLayer(0), settings, problems);
            }
        }

        @Override
        public OptionalInt width(ParamValues settings) {
            ComputationGraphConfiguration configuration = network.getConfiguration();
            List<String> input = configuration.getNetworkInputs();
            return configuration.getVertexInputs().entrySet().stream()
                    .filter(vertex -> vertex.getValue().equals(input))
                    .map(vertex -> configuration.getVertices().get(vertex.getKey()))
                    .filter(LayerVertex.class::isInstance)
                    .map(LayerVertex.class::cast)
                    .map(vertex -> InputWidth.of(vertex.getLayerConf().getLayer(), vertex.getPreProcessor()))
                    .filter(OptionalInt::isPresent)
                    .findFirst()
                    .orElse(OptionalInt.empty());
        }

        @Override
        public Adapted fresh(AdapterConfig config, ParamValues settings) {
            return adapted(DefaultAdapter.fresh(AdaptedNetwork.of(network), config, settings.seed()), settings);
        }

        @Override
        public Adapted saved(Path directory, ParamValues settings) throws IOException {
            return adapted(DefaultAdapter.saved(AdaptedNetwork.of(network), directory), settings);
        }

        private static Adapted adapted(AdaptedNetwork<ComputationGraph> model, ParamValues settings) {
            return new Adapted(
                    model,
                    model.trainable(Adapted.names(settings)),
                    rows -> model.network().outputSingle(rows));
        }
    }

    /** A graph of SameDiff. */
    record OfGraph(SameDiff graph) implements VectorBase {

        @Override
        public void check(ParamValues settings, Problems problems) {
            List<String> placeholders = graph.inputs();
            for (String name : List.of("inputName", "labelsName")) {
                String placeholder = settings.text(name);
                problems.check(
                        placeholders.contains(placeholder),
                        name + " = " + MessageText.name(placeholder)
                                + ", which is no placeholder of the graph, expected one of "
                                + Problems.quoted(placeholders) + ClosestNames.hint(placeholder, placeholders));
            }
            String output = settings.text("outputName");
            problems.check(
                    graph.hasVariable(output),
                    "outputName = " + MessageText.name(output) + ", which the graph does not have, expected one of "
                            + Problems.quoted(GraphOrder.outputs(graph)));
        }

        @Override
        public OptionalInt width(ParamValues settings) {
            long[] shape = graph.getVariable(settings.text("inputName")).placeholderShape();
            return shape != null && shape.length == 2 && shape[1] > 0
                    ? OptionalInt.of(Math.toIntExact(shape[1]))
                    : OptionalInt.empty();
        }

        @Override
        public Adapted fresh(AdapterConfig config, ParamValues settings) {
            return adapted(DefaultAdapter.fresh(AdaptedSameDiff.of(graph), config, settings.seed()), settings);
        }

        @Override
        public Adapted saved(Path directory, ParamValues settings) throws IOException {
            return adapted(DefaultAdapter.saved(AdaptedSameDiff.of(graph), directory), settings);
        }

        private static Adapted adapted(AdaptedSameDiff model, ParamValues settings) {
            String output = settings.text("outputName");
            return new Adapted(
                    model,
                    model,
                    rows -> model.outputExecutor()
                            .output(Map.of(settings.text("inputName"), rows), List.of(output))
                            .get(output));
        }
    }
}
