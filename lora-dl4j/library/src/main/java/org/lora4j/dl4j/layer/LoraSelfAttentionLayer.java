/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Self-attention over a time series [batch, size, time] whose projections are frozen, with low-rank updates of each.
 *
 * <p>The stock weights {@code Wq}, {@code Wk} and {@code Wv} [heads, headSize, nIn] are adapted as the linear map of all heads
 * together, in PEFT's terms a module [heads * headSize, nIn]: A is [rank, nIn], B is [heads * headSize, rank].
 * {@code Wo} [heads * headSize, nOut] is a module [nOut, heads * headSize]. A layer without projections has nothing to adapt.
 *
 * <p>The layer is computed by hand: outputs equal the stock layer's up to rounding, masks included, and gradients are right,
 * where those of the stock layer are twice too large. As there, DL4J's dropout on the input and weight noise are not applied,
 * and a mask hides keys, not outputs.
 *
 * @apiNote Status: experimental
 */
public final class LoraSelfAttentionLayer extends SelfAttentionLayer implements LoraLayer {

    private static final long serialVersionUID = 1;

    @JsonProperty
    private LoraSettings lora;

    /** For DL4J's JSON only; use {@link Builder}. */
    public LoraSelfAttentionLayer() {
        // The stock class has no constructor for subclasses but this one, which divides by the number of heads.
        super(new SelfAttentionLayer.Builder().nHeads(1));
    }

    /** Builds the layer as the stock builder does. */
    @SuppressWarnings("unchecked") // build(), as in all builders of DL4J: the caller chooses its type.
    public static final class Builder extends SelfAttentionLayer.Builder {

        private final LoraSettings settings;

        /** A layer with updates of rank 8 and alpha 8 of all its weights. */
        public Builder() {
            this(LoraSettings.standard("Wq", "Wk", "Wv", "Wo"));
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
        public LoraSelfAttentionLayer build() {
            return LayerKinds.adapt(super.build(), LoraSelfAttentionLayer.class, settings);
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
        LayerValidation.assertNInNOutSet("LoraSelfAttentionLayer", getLayerName(), index, getNIn(), getNOut());
        return Running.start(new SelfAttentionUpdates(conf, type, this), conf, listeners, index, view, initialize);
    }

    @Override
    public ParamInitializer initializer() {
        return new LoraParameters(super.initializer());
    }

    @Override
    public IUpdater getUpdaterByParam(String name) {
        // The stock answer for what is neither a weight nor a bias is an exception.
        IUpdater stock = lora.learns(name) ? super.getUpdaterByParam(name) : null;
        return FrozenAnswers.updater(lora, name, stock);
    }

    // The stock answer knows the stock parameters only.
    @Override
    public List<Regularization> getRegularizationByParam(String name) {
        List<Regularization> own = initializer().isBiasParam(this, name) ? regularizationBias : regularization;
        return FrozenAnswers.regularization(lora, name, own);
    }

    @Override
    public void setConstraints(List<LayerConstraint> constraints) {
        super.setConstraints(FrozenAnswers.constraints(lora, constraints));
    }

    @Override
    public void setNIn(InputType type, boolean override) {
        long before = getNIn();
        super.setNIn(type, override);
        long now = getNIn();
        if (lora != null && before > 0 && now != before) {
            super.setNIn(before);
        }
        FrozenAnswers.requireSameSize(lora, getLayerName(), "nIn", before, now);
        // The stock class keeps the shapes that it computed before.
        setLayerParams(null);
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
        return super.equals(other) && Objects.equals(lora, ((LoraSelfAttentionLayer) other).lora);
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof LoraSelfAttentionLayer;
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
