/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A depth-wise convolution whose kernels and bias are frozen, with low-rank updates: A holds {@code rank} kernels that all
 * channels share, and B mixes them to the update of the kernel of each output.
 *
 * <p><i>Shapes</i> A {@code [rank, 1, height, width]} of the kernel · B {@code [in * multiplier, rank, 1, 1]}, outputs in
 * the order of the stock layer, the multiplier varying fastest. These are the two factors of PyTorch's weight
 * {@code [out, in / groups, height, width]}. PEFT's own pair for convolutions in groups sees all channels and cannot be
 * merged into the weight; its files do not fit here. A rank beyond the size of the window adds nothing.
 *
 * <p>Everything else is the stock layer: strides, padding, dilation, modes, both data formats. Weight noise is not applied.
 *
 * @apiNote Status: experimental
 */
public final class LoraDepthwiseConvolution2D extends DepthwiseConvolution2D implements LoraLayer {

    private static final long serialVersionUID = 1;

    @JsonProperty
    private LoraSettings lora;

    /** For DL4J's JSON only; use {@link Builder}. */
    public LoraDepthwiseConvolution2D() {}

    /** Builds the layer as the stock builder does. */
    @SuppressWarnings("unchecked") // build(), as in all builders of DL4J: the caller chooses its type.
    public static final class Builder extends DepthwiseConvolution2D.Builder {

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
        public LoraDepthwiseConvolution2D build() {
            return LayerKinds.adapt(super.build(), LoraDepthwiseConvolution2D.class, settings);
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
        LayerValidation.assertNInNOutSet("LoraDepthwiseConvolution2D", getLayerName(), index, getNIn(), getNOut());
        return Running.start(
                new DepthwiseConvolution2DUpdates(conf, type, lora), conf, listeners, index, view, initialize);
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
        return super.equals(other) && Objects.equals(lora, ((LoraDepthwiseConvolution2D) other).lora);
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof LoraDepthwiseConvolution2D;
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
