/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.lora4j.dl4j.layer.RowAdditions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A stock linear layer for networks that are only run: it asks at each call what to add to its product. Not to be saved.
 *
 * @apiNote Status: internal
 */
public final class RowsLayer extends BaseWrapperLayer {

    private static final long serialVersionUID = 1;

    /** Kinds that compute {@code f(x W + b)} and nothing else when they are run. */
    private static final Set<Class<? extends Layer>> KINDS =
            Set.of(DenseLayer.class, OutputLayer.class, RnnOutputLayer.class);

    private final String module;
    private final transient Supplier<RowAdditions> additions;

    private RowsLayer(Layer stock, String module, Supplier<RowAdditions> additions) {
        super(stock);
        this.module = module;
        this.additions = additions;
        setLayerName(stock.getLayerName());
    }

    /**
     * The kinds of layers that can ask.
     *
     * @return simple names of stock configurations
     */
    public static List<String> names() {
        return KINDS.stream().map(Class::getSimpleName).sorted().collect(Collectors.toList());
    }

    /**
     * Why a layer cannot ask what to add.
     *
     * @param layer a stock configuration
     * @return the reason; null if it can
     */
    public static String refusal(Layer layer) {
        Layer inner = linear(layer);
        if (!KINDS.contains(inner.getClass())) {
            return "a " + layer.getClass().getSimpleName() + " has no update for each row; expected a layer of "
                    + names() + ", or a TimeDistributed around one";
        }
        return inner instanceof DenseLayer dense && dense.hasLayerNorm()
                ? "a layer normalization follows its product within the layer; expected one without"
                : null;
    }

    private static Layer linear(Layer layer) {
        return layer instanceof TimeDistributed wrapper ? wrapper.getUnderlying() : layer;
    }

    /**
     * A layer that adds to its rows what a supplier gives.
     *
     * @param layer a stock configuration without a {@link #refusal}; not changed
     * @param additions what to add, asked for at each call
     * @return a configuration that computes the same where nothing is added
     */
    public static Layer around(Layer layer, String module, Supplier<RowAdditions> additions) {
        Layer copy = layer.clone();
        if (copy instanceof TimeDistributed wrapper) {
            wrapper.setUnderlying(around(wrapper.getUnderlying(), module, additions));
            return wrapper;
        }
        return new RowsLayer(copy, module, additions);
    }

    @Override
    public org.deeplearning4j.nn.api.Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray view,
            boolean initialize,
            DataType type) {
        NeuralNetConfiguration own = conf.clone();
        own.setLayer(getUnderlying());
        return new RunningRows(
                getUnderlying().instantiate(own, listeners, index, view, initialize, type), module, additions);
    }

    // Each has its own source of additions, so that equal settings do not make two of them equal.
    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public boolean canEqual(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
