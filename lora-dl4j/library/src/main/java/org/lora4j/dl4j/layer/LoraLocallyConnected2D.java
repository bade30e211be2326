/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A locally connected layer over images, a convolution with another kernel at each position, whose kernels and bias are frozen,
 * with low-rank updates: one pair of factors for each position.
 *
 * <p><i>Shapes</i> with {@code positions} output pixels and {@code window = in * height * width}: A {@code [rank * positions, window]}, position
 * after position · B {@code [out, rank * positions]}, where positions alternate. PEFT has no such module; this is its form
 * for linear maps that are stacked in one parameter. B cannot have a bias.
 *
 * <p>Forward and backward pass are written by hand, as the gradients of the stock layer are twice too large. The output is
 * that of the stock layer up to rounding. Two habits of the stock layer are kept: it ignores dilation within a window, and its
 * output is transposed in height and width if that is square, and otherwise in another order still. Masks, dropout on the input and weight noise are not
 * applied, as in the stock layer.
 *
 * @apiNote Status: experimental
 */
public final class LoraLocallyConnected2D extends LocallyConnected2D implements LoraLayer {

    private static final long serialVersionUID = 1;

    @JsonProperty
    private LoraSettings lora;

    /** For DL4J's JSON only; use {@link Builder}. */
    public LoraLocallyConnected2D() {
        super(new LocallyConnected2D.Builder());
    }

    private LoraLocallyConnected2D(Builder builder) {
        super(builder);
        lora = builder.settings;
    }

    /** Builds the layer as the stock builder does. */
    @SuppressWarnings("unchecked") // build(), as in all builders of DL4J: the caller chooses its type.
    public static final class Builder extends LocallyConnected2D.Builder {

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
        public LoraLocallyConnected2D build() {
            // For its checks. A stock layer whose sizes are not known yet cannot be written as JSON, and so not be
            // copied.
            super.build();
            return new LoraLocallyConnected2D(this);
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
        LayerValidation.assertNInNOutSet("LoraLocallyConnected2D", getLayerName(), index, getNIn(), getNOut());
        return Running.start(
                new LocallyConnectedUpdates(
                        conf,
                        type,
                        lora,
                        getActivation().getActivationFunction(),
                        batch -> LocalWindows.of(this, batch)),
                conf,
                listeners,
                index,
                view,
                initialize);
    }

    @Override
    public ParamInitializer initializer() {
        return new LoraParameters(super.initializer());
    }

    @Override
    public IUpdater getUpdaterByParam(String name) {
        // The stock answer for a parameter that is neither weight nor bias, as frozen ones, is an exception.
        return lora.learns(name) ? super.getUpdaterByParam(name) : new NoOp();
    }

    @Override
    public List<Regularization> getRegularizationByParam(String name) {
        // The stock answer does not know factors.
        boolean bias = initializer().isBiasParam(this, name);
        return FrozenAnswers.regularization(lora, name, bias ? getRegularizationBias() : getRegularization());
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
        return super.equals(other) && Objects.equals(lora, ((LoraLocallyConnected2D) other).lora);
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof LoraLocallyConnected2D;
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
