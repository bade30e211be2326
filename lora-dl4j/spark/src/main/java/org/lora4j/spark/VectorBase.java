/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.config.AdapterConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;
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

    /** A network of layers in a row. */
    record OfLayers(MultiLayerNetwork network) implements VectorBase {

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
