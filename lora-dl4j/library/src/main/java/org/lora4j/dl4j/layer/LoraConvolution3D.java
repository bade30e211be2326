/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A convolution over three axes whose kernels and bias are frozen, with low-rank updates: A is a convolution of the same
 * geometry with {@code rank} outputs, B one with windows of 1 x 1 x 1.
 *
 * <p><i>Shapes</i> A {@code [rank, in, depth, height, width]} of the kernel · B {@code [out, rank, 1, 1, 1]}, PEFT's for
 * {@code Conv3d}.
 *
 * <p>Everything else is the stock layer: strides, padding, dilation, modes, both data formats. Dropout on the input counts
 * in the backward pass as well, which the stock layer forgets. Weight noise is not applied.
 *
 * @apiNote Status: experimental
 */
public final class LoraConvolution3D extends Convolution3D implements LoraLayer {

    private static final long serialVersionUID = 1;

    @JsonProperty
    private LoraSettings lora;

    /** For DL4J's JSON only; use {@link Builder}. */
    public LoraConvolution3D() {}

    /** Builds the layer as the stock builder does. */
    @SuppressWarnings("unchecked") // build(), as in all builders of DL4J: the caller chooses its type.
    public static final class Builder extends Convolution3D.Builder {

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
        public LoraConvolution3D build() {
            return LayerKinds.adapt(super.build(), LoraConvolution3D.class, settings);
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
        LayerValidation.assertNInNOutSet("LoraConvolution3D", getLayerName(), index, getNIn(), getNOut());
        return Running.start(new Convolution3DUpdates(conf, type, lora), conf, listeners, index, view, initialize);
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
        return super.equals(other) && Objects.equals(lora, ((LoraConvolution3D) other).lora);
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof LoraConvolution3D;
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
