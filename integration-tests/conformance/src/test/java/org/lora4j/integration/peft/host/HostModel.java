/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.List;
import java.util.Map;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.samediff.LoraStart;
import org.lora4j.samediff.StartedAdapter;
import org.lora4j.train.Batch;
import org.lora4j.train.Trainable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The base model of a golden case with its input, and with adapters by name. */
public interface HostModel {

    /**
     * Adds an adapter; it is not active.
     *
     * @param name a name
     * @param adapter the adapter
     * @throws IncompatibleBaseException if it does not fit the model
     */
    void add(String name, Adapter adapter) throws IncompatibleBaseException;

    /**
     * Adds an adapter with start values; it is not active.
     *
     * @param name a name
     * @param config what to adapt
     * @param seed source of the start values
     */
    void addFresh(String name, LoraConfig config, long seed);

    /**
     * Adds an adapter that starts from data or weights; it is not active.
     *
     * @param name a name
     * @param start how its start is found
     * @param config what to adapt
     * @param batches the data, by what the model calls its input and target
     * @return the start
     */
    default StartedAdapter addStarted(
            String name, LoraStart start, LoraConfig config, List<Map<String, INDArray>> batches) {
        throw new UnsupportedOperationException("starts from data are for SameDiff graphs");
    }

    /**
     * The values of an adapter now.
     *
     * @param name its name
     * @return a copy
     */
    Adapter adapter(String name);

    /**
     * Makes exactly these adapters active.
     *
     * @param names names of adapters
     */
    void activate(String... names);

    /**
     * Switches all adapters on or off.
     *
     * @param on whether they act
     */
    void enable(boolean on);

    /**
     * Computes the output for the case's input.
     *
     * @return the output in the shape that the case states
     */
    INDArray output();

    /**
     * The loss and its gradients by the parameters of an active adapter.
     *
     * @param adapter its name
     * @return the loss, and gradients by the keys of the adapter's file and in its shapes
     */
    Gradients gradients(String adapter);

    /**
     * A loss and its gradients.
     *
     * @param loss the loss
     * @param byKey gradients by key of the adapter file, in PEFT's shapes
     */
    record Gradients(double loss, Map<String, INDArray> byKey) {}

    /**
     * Merges the active adapters and drops them. This model does not change.
     *
     * @return what the merged model computes, and its weights
     */
    Merged mergeAndUnload();

    /**
     * A model without adapters.
     *
     * @param output its output for the case's input
     * @param weights its weights by PyTorch's names and in PyTorch's layout
     */
    record Merged(INDArray output, Map<String, INDArray> weights) {}

    /**
     * The parameters that an adapter trains.
     *
     * @param adapter name of an active adapter
     * @return keys of the adapter's file by the host's name of the parameter
     */
    Map<String, String> keys(String adapter);

    /**
     * This model as something to train; only the given adapter learns.
     *
     * @param adapter name of an active adapter
     * @return the model
     */
    Trainable trainable(String adapter);

    /**
     * The input and target of the case as a batch.
     *
     * @return one batch
     */
    Batch batch();
}
