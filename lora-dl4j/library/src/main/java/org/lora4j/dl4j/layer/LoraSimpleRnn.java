/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A simple recurrent layer whose weights and bias are frozen, with low-rank updates:
 * {@code h = f(x W + h' RW + s (x A) B + s (h' A') B' + b)}, where {@code h'} is the step before.
 *
 * <p>Two modules: the input weight {@code W} and the recurrent weight {@code RW}. Dropout of an update of {@code W} drops
 * values of the input, those of each time step by themselves. Dropout of an update of {@code RW} drops hidden units, the
 * same at all time steps and in all examples of an iteration, as {@code RW + s A B} is formed once for a batch.
 *
 * <p>With layer normalization each of the two sums is normalized by itself, updates included. Everything else is the stock
 * layer, which cannot run with normalization in M2.1: activations, masks, both data formats. B has no bias then. Truncated backpropagation goes on from the state of the part before, which
 * the stock layer forgets. Weight noise is not applied.
 *
 * <p><i>Source</i> of masks that stay the same over time: Gal and Ghahramani, 2016, A Theoretically Grounded Application of
 * Dropout in Recurrent Neural Networks, arXiv:1512.05287, section 4.2.
 *
 * @apiNote Status: experimental
 */
public final class LoraSimpleRnn extends SimpleRnn implements LoraLayer {

    private static final long serialVersionUID = 1;

    @JsonProperty
    private LoraSettings lora;

    /** For DL4J's JSON only; use {@link Builder}. */
    public LoraSimpleRnn() {
        super(new SimpleRnn.Builder());
    }

    /** Builds the layer as the stock builder does. */
    @SuppressWarnings("unchecked") // build(), as in all builders of DL4J: the caller chooses its type.
    public static final class Builder extends SimpleRnn.Builder {

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
        public LoraSimpleRnn build() {
            return LayerKinds.adapt(super.build(), LoraSimpleRnn.class, settings);
        }
    }

    @Override
    public LoraSettings lora() {
        return lora;
    }

    /** What stands in the way of updates. */
    static List<String> problems(SimpleRnn layer, LoraSettings settings) {
        return layer.hasLayerNorm() && settings.slots().stream().anyMatch(LoraSlot::bias)
                ? List.of("layer \"" + layer.getLayerName()
                        + "\": a bias of B inside layer normalization, expected none, because it could not be merged into"
                        + " the bias outside; set loraBias to false")
                : List.of();
    }

    @Override
    public org.deeplearning4j.nn.api.Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray view,
            boolean initialize,
            DataType type) {
        LayerValidation.assertNInNOutSet("LoraSimpleRnn", getLayerName(), index, getNIn(), getNOut());
        Problems problems = new Problems();
        problems.addAll(problems(this, lora));
        problems.throwIfAny("LoraSimpleRnn");
        return Running.start(new SimpleRnnUpdates(conf, type, lora), conf, listeners, index, view, initialize);
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
        return super.equals(other) && Objects.equals(lora, ((LoraSimpleRnn) other).lora);
    }

    @Override
    public boolean canEqual(Object other) {
        return other instanceof LoraSimpleRnn;
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
