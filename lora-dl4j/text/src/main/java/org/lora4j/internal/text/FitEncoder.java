/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.lora4j.config.AdapterConfig;
import org.lora4j.pretrained.EncoderClassifier;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a fit takes of an encoder, whatever it reads. An input is a row of tokens; of an encoder that reads something else the first of
 * its ids stands for the input, and there are as many of them as the encoder has places, by which batches are cut.
 *
 * @apiNote Status: internal
 */
public interface FitEncoder {

    /**
     * What inputs are called in lines on the progress.
     *
     * @return such as {@code texts}
     */
    String inputs();

    /** The type of weights and numbers. */
    DataType dataType();

    /**
     * Length of the vector that the last module of a head takes.
     *
     * @param perToken whether there is a result for each token
     * @return 1 or more
     */
    int width(boolean perToken);

    /** The most tokens of an input. */
    int longest();

    /** How many ids of tokens there are, from 0; empty if the encoder reads something else. */
    OptionalInt vocabulary();

    /**
     * A new graph of the encoder, to which a head is appended.
     *
     * @param own whether its weights are copies, to be trained
     * @param perToken whether there is a result for each token
     */
    SameDiff graph(boolean own, boolean perToken);

    /**
     * The variable that a head takes: {@code [rows, width]}, or {@code [rows, length, width]}, also flat, {@code [rows * length, width]}.
     *
     * @param perToken whether there is a result for each token
     */
    String output(boolean perToken);

    /**
     * The arrays of a part of some inputs.
     *
     * @param rows the inputs
     * @param part one of its parts
     * @param draw seed of what is drawn to learn from it; empty if nothing learns
     * @return new arrays by placeholder, to be closed
     */
    Map<String, INDArray> placeholders(TokenRows rows, TokenRows.Part part, OptionalLong draw);

    /**
     * The path of the last module of a head.
     *
     * @return {@link EncoderClassifier#HEAD} by default
     */
    default String lastModule() {
        return EncoderClassifier.HEAD;
    }

    /**
     * The module that holds all of a head, which is saved with adapters.
     *
     * @return the first name of {@link #lastModule}
     */
    default String head() {
        return lastModule().replaceFirst("\\..*", "");
    }

    /**
     * Whether the last module of a head adds a bias.
     *
     * @return true by default
     */
    default boolean hasHeadBias() {
        return true;
    }

    /**
     * A config of an adapter without what of the graph is in no Python class that the adapter is loaded onto.
     *
     * @return the config itself by default
     */
    default AdapterConfig ofEncoder(AdapterConfig config) {
        return config;
    }

    /**
     * The weights as they are in a graph, without the last module of a head.
     *
     * @param graph of {@link #graph}
     * @return by PyTorch's names and in its layout; not to be written to
     */
    Map<String, INDArray> checkpoint(SameDiff graph);
}
