/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deeplearning4j.util.ModelSerializer;
import org.lora4j.pretrained.BertEncoder;
import org.lora4j.pretrained.PretrainedBert;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * The kinds of base networks.
 *
 * @apiNote Status: experimental
 */
public enum BaseKind {
    /** Layers of Deeplearning4j in a row: a zip of {@code ModelSerializer}. */
    MULTI_LAYER_NETWORK {
        @Override
        Body read(BaseSettings settings) throws IOException {
            return new MultiLayerBody(
                    ModelSerializer.restoreMultiLayerNetwork(settings.path().toFile(), false));
        }

        @Override
        Body restore(byte[] bytes, BaseSettings settings) throws IOException {
            return new MultiLayerBody(ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(bytes), false));
        }
    },
    /** Layers of Deeplearning4j in a graph: a zip of {@code ModelSerializer}. */
    COMPUTATION_GRAPH {
        @Override
        Body read(BaseSettings settings) throws IOException {
            return new LayerGraphBody(
                    ModelSerializer.restoreComputationGraph(settings.path().toFile(), false));
        }

        @Override
        Body restore(byte[] bytes, BaseSettings settings) throws IOException {
            return new LayerGraphBody(ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(bytes), false));
        }
    },
    /** A SameDiff graph: a file of {@code SameDiff.save}. */
    SAMEDIFF {
        @Override
        Body read(BaseSettings settings) throws IOException {
            return new SameDiffBody(SameDiff.load(settings.path().toFile(), false), settings);
        }

        @Override
        Body restore(byte[] bytes, BaseSettings settings) throws IOException {
            return new SameDiffBody(SameDiff.fromFlatBuffers(ByteBuffer.wrap(bytes), false), settings);
        }
    },
    /** A text encoder: a directory with {@code config.json} and {@code model.safetensors}. */
    TEXT_ENCODER {
        @Override
        Body read(BaseSettings settings) throws IOException {
            PretrainedBert bert = PretrainedBert.load(settings.path());
            return SameDiffBody.encoder(bert.encoder(settings.pooling()));
        }

        @Override
        Body restore(byte[] bytes, BaseSettings settings) throws IOException {
            SameDiff graph = SameDiff.fromFlatBuffers(ByteBuffer.wrap(bytes), false);
            return new SameDiffBody(TEXT_ENCODER, graph, settings.withFeatureVariable(BertEncoder.POOLED));
        }
    };

    abstract Body read(BaseSettings settings) throws IOException;

    abstract Body restore(byte[] bytes, BaseSettings settings) throws IOException;

    /** Tells the kind of a file by what is in it. */
    static BaseKind of(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return TEXT_ENCODER;
        }
        return ZipKind.of(path);
    }
}
