/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.error.ModelFormatException;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.PretrainedEncoder;

/**
 * The kinds of base networks.
 *
 * @apiNote Status: stable
 */
public enum BaseKind {
    /** Layers of Deeplearning4j in a row: a zip of {@code ModelSerializer}. */
    MULTI_LAYER_NETWORK {
        @Override
        Body read(BaseSettings settings) throws IOException {
            return new MultiLayerBody(zip(settings.path(), NetworkFile::multiLayerNetwork));
        }
    },
    /** Layers of Deeplearning4j in a graph: a zip of {@code ModelSerializer}. */
    COMPUTATION_GRAPH {
        @Override
        Body read(BaseSettings settings) throws IOException {
            return new LayerGraphBody(zip(settings.path(), NetworkFile::computationGraph));
        }
    },
    /** A SameDiff graph: a file of {@code SameDiff.save}. */
    SAMEDIFF {
        @Override
        Body read(BaseSettings settings) throws IOException {
            return GraphBytes.of(settings.path()).body(this, settings);
        }

        @Override
        Body restore(byte[] bytes, BaseSettings settings) throws IOException {
            return new GraphBytes(IN_THE_MODEL, bytes).body(this, settings);
        }
    },
    /** A text encoder: a directory with {@code config.json} and {@code model.safetensors}. */
    TEXT_ENCODER {
        @Override
        Body read(BaseSettings settings) throws IOException {
            PretrainedEncoder bert = PretrainedEncoder.load(settings.path());
            return SameDiffBody.encoder(bert.encoder(settings.pooling()));
        }

        @Override
        Body restore(byte[] bytes, BaseSettings settings) throws IOException {
            BaseSettings pooled = settings.withFeatureVariable(EncoderGraph.POOLED);
            return new GraphBytes(IN_THE_MODEL, bytes).body(this, pooled);
        }
    };

    private static final String IN_THE_MODEL = "the network in the model";

    /** The advice of the reader of zips, which nobody here calls. */
    private static final String ALLOWING = "NetworkFile.of(file).allowing(";

    /** Reads a file; its content hash is compared by the caller, that of a graph also before it is parsed. */
    abstract Body read(BaseSettings settings) throws IOException;

    /** Reads what {@link Body#toBytes} wrote. */
    Body restore(byte[] bytes, BaseSettings settings) throws IOException {
        // The reader of zips has all the checks, and it reads files.
        Path file = Files.createTempFile("lora4j", ".zip");
        try {
            Files.write(file, bytes);
            return read(new BaseSettings(file, "", "", null, 0, 0));
        } catch (ModelFormatException e) {
            throw new ModelFormatException(e.getMessage().replace(file.toString(), IN_THE_MODEL), e);
        } finally {
            Files.delete(file);
        }
    }

    /** Reads a file of a kind that what is in it tells. */
    static Body readAny(BaseSettings settings) throws IOException {
        Path path = settings.path();
        if (Files.isDirectory(path)) {
            return TEXT_ENCODER.read(settings);
        }
        if (!isZip(path)) {
            return SAMEDIFF.read(settings);
        }
        Model network = zip(path, NetworkFile::network);
        return network instanceof ComputationGraph graph
                ? new LayerGraphBody(graph)
                : new MultiLayerBody((MultiLayerNetwork) network);
    }

    /** Whether a file could be of this kind, by its first bytes. */
    boolean couldBe(Path path) throws IOException {
        return switch (this) {
            case TEXT_ENCODER -> Files.isDirectory(path);
            case SAMEDIFF, MULTI_LAYER_NETWORK, COMPUTATION_GRAPH ->
                Files.isRegularFile(path) && isZip(path) == isZip();
        };
    }

    /** Whether it is stored as a zip of Deeplearning4j, else as the flat buffer of a graph. */
    boolean isZip() {
        return this == MULTI_LAYER_NETWORK || this == COMPUTATION_GRAPH;
    }

    private static boolean isZip(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            // Opening a pipe would wait for whoever writes to it.
            throw new ModelFormatException(file + ": no file with an end; expected a zip of ModelSerializer, a file of"
                    + " SameDiff.save, or the directory of an encoder. Check the path.");
        }
        try (InputStream in = Files.newInputStream(file)) {
            return in.read() == 'P' && in.read() == 'K';
        }
    }

    private static <N> N zip(Path file, Reading<N> reading) throws IOException {
        try {
            return reading.of(NetworkFile.of(file).withoutUpdater().allowing(BaseNetworks.allowedClasses()));
        } catch (ModelFormatException e) {
            throw new ModelFormatException(e.getMessage().replace(ALLOWING, "BaseNetworks.allow("), e);
        }
    }

    /** Reads a network of either kind, or of one. */
    private interface Reading<N> {
        N of(NetworkFile zip) throws IOException;
    }
}
