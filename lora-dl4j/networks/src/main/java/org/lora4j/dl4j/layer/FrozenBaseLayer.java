/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.lora4j.internal.dl4j.layer.frozen.FrozenBase;
import org.lora4j.internal.dl4j.layer.frozen.FrozenBaseParameters;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonInclude;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A stock layer of a kind that cannot be adapted, frozen but for the parameters that are named, with gradients passing
 * through to the layers below. It runs as the stock layer does, in training as well, but for batch normalization, which
 * uses the mean and the variance of the base in training, too.
 *
 * <p>Stock {@code FrozenLayer} stops gradients; stock {@code FrozenLayerWithBackprop} lets L2 and weight decay move the
 * weights, and keeps updater state for them. The stock layer computes gradients of its own parameters here too, which has no
 * place in the network's gradient and is thrown away.
 *
 * @apiNote Status: experimental
 */
public final class FrozenBaseLayer extends BaseWrapperLayer {

    private static final long serialVersionUID = 1;

    @JsonProperty
    private List<String> learning = List.of();

    @JsonProperty
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private FrozenValues outside;

    /** For DL4J's JSON only. */
    public FrozenBaseLayer() {}

    /**
     * Freezes a layer.
     *
     * @param stock the layer; a copy is kept, without weight noise
     * @param learning names of the parameters that are trained all the same
     */
    public FrozenBaseLayer(Layer stock, List<String> learning) {
        super(still(stock.clone()));
        this.learning = List.copyOf(learning);
        setLayerName(stock.getLayerName());
    }

    /**
     * Freezes a layer whole, with its parameters outside of the network.
     *
     * @param layer the layer; a copy is kept, without weight noise
     * @param outside the values of its parameters
     */
    public FrozenBaseLayer(Layer layer, FrozenValues outside) {
        this(layer, List.of());
        this.outside = outside;
    }

    private static Layer still(Layer layer) {
        if (layer instanceof BaseLayer base) {
            base.setWeightNoise(null);
        }
        if (layer instanceof OCNNOutputLayer oneClass) {
            // It would write its first r over the one that was learned, whenever a layer is made of the configuration.
            oneClass.setConfigureR(false);
        }
        return layer;
    }

    /**
     * What is trained.
     *
     * @return names of parameters
     */
    public List<String> learning() {
        return learning;
    }

    /**
     * Where the parameters lie.
     *
     * @return null if they are the network's
     */
    public FrozenValues outside() {
        return outside;
    }

    @Override
    public ParamInitializer initializer() {
        return new FrozenBaseParameters(this);
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
        conf.clearVariables();
        if (outside != null) {
            INDArray values = outside.values("layer \"" + getLayerName() + "\"");
            return FrozenBase.of(getUnderlying().instantiate(own, listeners, index, values, false, type), conf, this);
        }
        org.deeplearning4j.nn.api.Layer stock =
                getUnderlying().instantiate(own, listeners, index, view, initialize, type);
        stock.conf().variables(true).forEach(conf::addVariable);
        return FrozenBase.of(stock, conf, this);
    }

    @Override
    public IUpdater getUpdaterByParam(String name) {
        return learning.contains(name) ? getUnderlying().getUpdaterByParam(name) : new NoOp();
    }

    @Override
    public List<Regularization> getRegularizationByParam(String name) {
        return learning.contains(name) ? getUnderlying().getRegularizationByParam(name) : null;
    }

    @Override
    public boolean isPretrainParam(String name) {
        return false;
    }

    @Override
    public FrozenBaseLayer clone() {
        FrozenBaseLayer clone = (FrozenBaseLayer) super.clone();
        clone.underlying = underlying.clone();
        return clone;
    }

    @Override
    public boolean equals(Object other) {
        return super.equals(other)
                && Objects.equals(learning, ((FrozenBaseLayer) other).learning)
                && Objects.equals(outside, ((FrozenBaseLayer) other).outside);
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof FrozenBaseLayer;
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hash(learning, outside);
    }
}
