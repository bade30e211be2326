/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A dense layer whose weight and bias are frozen, with low-rank updates: {@code y = f(x W + s (x A) B + b)}.
 *
 * <p>Everything else is the stock layer: activations, layer normalization, dropout on the input, masks, preprocessors. Weight
 * noise is not applied.
 *
 * @apiNote Status: experimental
 */
public final class LoraDenseLayer extends DenseLayer implements LoraLayer {

    private static final long serialVersionUID = 1;

    @JsonProperty
    private LoraSettings lora;

    /** For DL4J's JSON only; use {@link Builder}. */
    public LoraDenseLayer() {}

    /** Builds the layer as the stock builder does. */
    @SuppressWarnings("unchecked") // build(), as in all builders of DL4J: the caller chooses its type.
    public static final class Builder extends DenseLayer.Builder {

        private final LoraSettings settings;

        /** A layer with an update of rank 8 and alpha 8. */
        public Builder() {
            this(LoraSettings.standard());
        }

        /**
         * A layer with given updates.
         *
         * @param settings the updates
         */
        public Builder(LoraSettings settings) {
            this.settings = settings;
        }

        @Override
        public LoraDenseLayer build() {
            return LayerKinds.adapt(super.build(), LoraDenseLayer.class, settings);
        }
    }

    @Override
    public LoraSettings lora() {
        return lora;
    }

    @Override
    public org.deeplearning4j.nn.api.Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray view,
            boolean initialize,
            DataType type) {
        LayerValidation.assertNInNOutSet("LoraDenseLayer", getLayerName(), index, getNIn(), getNOut());
        return Running.start(new DenseUpdates(conf, type, lora), conf, listeners, index, view, initialize);
    }

    @Override
    public ParamInitializer initializer() {
        return new LoraParameters(super.initializer());
    }

    @Override
    public IUpdater getUpdaterByParam(String name) {
        return FrozenAnswers.updater(lora, name, super.getUpdaterByParam(name));
    }

    @Override
    public List<Regularization> getRegularizationByParam(String name) {
        return FrozenAnswers.regularization(lora, name, super.getRegularizationByParam(name));
    }

    @Override
    public void setConstraints(List<LayerConstraint> constraints) {
        super.setConstraints(FrozenAnswers.constraints(lora, constraints));
    }

    @Override
    public void setNIn(long size) {
        FrozenAnswers.requireSameSize(lora, getLayerName(), "nIn", getNIn(), size);
        super.setNIn(size);
    }

    @Override
    public void setNOut(long size) {
        FrozenAnswers.requireNoNewOutputs(lora, getLayerName(), getNOut(), size);
        super.setNOut(size);
    }

    @Override
    public boolean equals(Object other) {
        return super.equals(other) && Objects.equals(lora, ((LoraDenseLayer) other).lora);
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof LoraDenseLayer;
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(lora);
    }

    @Override
    public String toString() {
        return super.toString() + " with " + lora;
    }
}
