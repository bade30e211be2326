/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.io.IOException;
import java.nio.file.Path;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.model.AdaptedModel;

/**
 * A model with one adapter, under the name {@value AdaptedModel#DEFAULT_ADAPTER}: what the front door does for every host.
 *
 * @apiNote Status: internal
 */
public final class DefaultAdapter {

    private DefaultAdapter() {}

    /** Attaches a fresh adapter, active and trainable. */
    public static <M extends AdaptedModel> M fresh(M model, AdapterConfig config, long seed) {
        model.addAdapter(AdaptedModel.DEFAULT_ADAPTER, config, seed);
        model.activate(AdaptedModel.DEFAULT_ADAPTER);
        return model;
    }

    /**
     * Attaches a saved adapter, active and not trainable.
     *
     * @throws IOException if the directory cannot be read or is no sound adapter
     * @throws IncompatibleBaseException if the adapter does not fit the model; the message lists every problem
     */
    public static <M extends AdaptedModel> M saved(M model, Path directory) throws IOException {
        return saved(model, directory, false);
    }

    /**
     * Attaches a saved adapter, active and not trainable.
     *
     * @param anyBase whether it may have been trained on another base, of the same shapes
     * @throws IOException as {@link #saved(AdaptedModel, Path)}
     */
    public static <M extends AdaptedModel> M saved(M model, Path directory, boolean anyBase) throws IOException {
        Adapter read = Adapter.load(directory);
        Adapter adapter = anyBase ? read.forAnyBase() : read;
        try {
            model.addAdapter(AdaptedModel.DEFAULT_ADAPTER, adapter);
        } catch (IllegalArgumentException e) {
            throw new IncompatibleBaseException(directory + ": " + e.getMessage(), e);
        }
        model.activate(AdaptedModel.DEFAULT_ADAPTER);
        return model;
    }
}
