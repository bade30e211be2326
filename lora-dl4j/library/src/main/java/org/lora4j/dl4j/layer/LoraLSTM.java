/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * An LSTM whose weights and bias are frozen, with low-rank updates: {@code z = x W + h RW + s (x A) B + s (h A') B' + b}
 * for the pre-activations of all gates.
 *
 * <p>Two modules: the input weight {@code W} and the recurrent weight {@code RW}. Dropout of an update of {@code W} drops
 * values of the input, those of each time step by themselves. Dropout of an update of {@code RW} drops hidden units, the
 * same at all time steps and in all examples of an iteration, as {@code RW + s A B} is formed once for a batch.
 *
 * <p>Everything else is the stock layer: activations of cell and gates, masks, both data formats, stored state, truncated
 * backpropagation. The backward pass takes masks and a stored state into account. The stock one leaves masks out, and from
 * the second part of a truncated series on its gradients are not those of differences. Weight noise and a helper of a GPU
 * are not used.
 *
 * <p><i>Source</i> of masks that stay the same over time: Gal and Ghahramani, 2016, A Theoretically Grounded Application of
 * Dropout in Recurrent Neural Networks, arXiv:1512.05287, section 4.2.
 *
 * @apiNote Status: experimental
 */
public final class LoraLSTM extends LSTM implements LoraLayer {

    private static final long serialVersionUID = 1;

    @JsonProperty
    private LoraSettings lora;

    /** For DL4J's JSON only; use {@link Builder}. */
    public LoraLSTM() {}

    /** Builds the layer as the stock builder does. */
    @SuppressWarnings("unchecked") // build(), as in all builders of DL4J: the caller chooses its type.
    public static final class Builder extends LSTM.Builder {

        private final LoraSettings settings;

        /** A layer with an update of rank 8 and alpha 8. */
        public Builder() {
            this(LoraSettings.standard("W", "RW"));
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
        public LoraLSTM build() {
            return LayerKinds.adapt(super.build(), LoraLSTM.class, settings);
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
        LayerValidation.assertNInNOutSet("LoraLSTM", getLayerName(), index, getNIn(), getNOut());
        return Running.start(new LstmUpdates(conf, type, lora), conf, listeners, index, view, initialize);
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
        return super.equals(other) && Objects.equals(lora, ((LoraLSTM) other).lora);
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof LoraLSTM;
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
