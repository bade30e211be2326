/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.interpret.FeatureExplainer;
import org.lora4j.model.AdaptedModel;
import org.lora4j.train.Trainable;
import org.lora4j.tribuo.input.InputSpec;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A base network with a head, ready for adapters.
 *
 * <p><b>State.</b> The base is shared and never changes; adapters and a head that learns belong to this object.
 * <b>Threads.</b> One call at a time.
 *
 * @apiNote Status: stable
 */
public interface AdaptedBase {

    /**
     * The verbs for adapters.
     *
     * @return the live model
     */
    AdaptedModel model();

    /**
     * The path of the head's module.
     *
     * @return the path that {@code modulesToSave} names to have the head learn
     */
    String head();

    /**
     * What learns in the current state, for the training loop.
     *
     * @return a view that is valid until the state of {@link #model()} changes
     */
    Trainable trainable();

    /**
     * The arrays of a training step. The loss is {@code sum_i (weight_i * loss_i) / n}.
     *
     * @param inputs an array for each input of the network, n rows
     * @param targets n rows of a value for each output
     * @param weights n weights, 0 or more
     * @return arrays for {@link #trainable()}
     */
    Map<String, INDArray> step(Map<String, INDArray> inputs, double[][] targets, double[] weights);

    /**
     * Computes outputs in the current state.
     *
     * @param inputs an array for each input of the network, n rows
     * @return n rows of a value for each output, after the activation
     */
    double[][] outputs(Map<String, INDArray> inputs);

    /**
     * Explains the outputs of the current state by the first input, or, of token ids, by the rows that are looked up for them.
     *
     * @param inputs what the network eats
     * @return an explainer of {@link #outputs}; empty where the network has no gradient with respect to its input, such as one
     *     of layers that begins with a lookup
     */
    Optional<FeatureExplainer> explainer(List<InputSpec> inputs);

    /**
     * Does work that runs this network many times, with the native threads that suit it.
     *
     * @param work steps, outputs, and what lies between them
     */
    default void during(Runnable work) {
        work.run();
    }

    /**
     * Writes a plain network in its own library's format, with the active adapters merged into the weights. It runs without
     * this library.
     *
     * @param file a zip for networks of layers, else a SameDiff file
     * @throws IOException if writing fails
     */
    void exportMerged(Path file) throws IOException;
}
