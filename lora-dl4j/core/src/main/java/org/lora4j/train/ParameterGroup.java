/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * Parameters with a learning rate or a weight decay of their own. Immutable.
 *
 * <p>Every group must match a parameter, those of {@link TrainingPlan.Builder#loraPlus} apart, and no parameter may be in two
 * groups; the parameters in none follow the optimizer.
 * Equal groups have the same selector object.
 *
 * @apiNote Status: stable
 */
public final class ParameterGroup {

    private static final Predicate<TrainableParameter> MAGNITUDE =
            parameter -> parameter.name().contains(".lora_magnitude_vector");
    private static final Predicate<TrainableParameter> FAST =
            parameter -> parameter.name().contains(".lora_B.")
                    || (parameter.kind() == TrainableParameter.Kind.BIAS_OR_NORM && !MAGNITUDE.test(parameter));
    private static final Predicate<TrainableParameter> IS_VECTOR =
            parameter -> parameter.value().rank() < 2;
    private static final Predicate<TrainableParameter> OF_EMBEDDING =
            parameter -> parameter.name().contains(".lora_embedding_");

    private final String name;
    private final Predicate<TrainableParameter> selector;
    private final double rateFactor;
    private final OptionalDouble rate;
    private final OptionalDouble decay;
    private final boolean mayBeEmpty;
    private final boolean sparesNone;

    private ParameterGroup(
            String name,
            Predicate<TrainableParameter> selector,
            double rateFactor,
            OptionalDouble rate,
            OptionalDouble decay,
            boolean mayBeEmpty,
            boolean sparesNone) {
        this.name = Objects.requireNonNull(name, "ParameterGroup: name is null; expected a name for messages");
        this.selector = Objects.requireNonNull(selector, "ParameterGroup: selector is null; expected a predicate");
        this.rateFactor = rateFactor;
        this.rate = rate;
        this.decay = decay;
        this.mayBeEmpty = mayBeEmpty;
        this.sparesNone = sparesNone;
    }

    /**
     * The groups of PEFT's {@code create_loraplus_optimizer}: B, biases and gains learn faster, factors of embeddings at a rate
     * of their own, all else follows the optimizer. Magnitudes of DoRA go by the number of their axes, and get weight decay, as
     * they are not called biases.
     */
    static List<ParameterGroup> loraPlus(double ratio, double embeddingRate) {
        return List.of(
                where("LoRA+ B, biases and gains", FAST)
                        .withLearningRateFactor(ratio)
                        .orEmpty(false),
                where("LoRA+ magnitudes", MAGNITUDE.and(IS_VECTOR))
                        .withLearningRateFactor(ratio)
                        .orEmpty(true),
                where("LoRA+ magnitudes of convolutions", MAGNITUDE.and(IS_VECTOR.negate()))
                        .orEmpty(true),
                where("LoRA+ embeddings", OF_EMBEDDING)
                        .withLearningRate(embeddingRate)
                        .orEmpty(false));
    }

    private ParameterGroup orEmpty(boolean decaysGains) {
        return new ParameterGroup(name, selector, rateFactor, rate, decay, true, decaysGains);
    }

    /** Whether gains get the weight decay of the optimizer in this group, too. */
    boolean sparesNone() {
        return sparesNone;
    }

    boolean mayBeEmpty() {
        return mayBeEmpty;
    }

    /**
     * The parameters that a predicate accepts.
     *
     * @param name what the group is called in messages
     * @param selector which parameters; a pure function
     * @return the group, so far with the rate and the decay of the optimizer
     */
    public static ParameterGroup where(String name, Predicate<TrainableParameter> selector) {
        return new ParameterGroup(name, selector, 1, OptionalDouble.empty(), OptionalDouble.empty(), false, false);
    }

    /**
     * The parameters of one kind.
     *
     * @param kind the kind
     * @return the group, so far with the rate and the decay of the optimizer
     */
    public static ParameterGroup ofKind(TrainableParameter.Kind kind) {
        return where("kind " + kind, parameter -> parameter.kind() == kind);
    }

    /**
     * The parameters whose whole name matches.
     *
     * @param regex regular expression for the name of the variable
     * @return the group, so far with the rate and the decay of the optimizer
     * @throws IllegalArgumentException if it is not a regular expression
     */
    public static ParameterGroup matchingName(String regex) {
        Pattern pattern = compiled(regex);
        return where("name " + regex, p -> pattern.matcher(p.name()).matches());
    }

    /**
     * The parameters of the modules whose whole path matches.
     *
     * @param regex regular expression for the path of the module
     * @return the group, so far with the rate and the decay of the optimizer
     * @throws IllegalArgumentException if it is not a regular expression
     */
    public static ParameterGroup matchingModule(String regex) {
        Pattern pattern = compiled(regex);
        return where("module " + regex, p -> pattern.matcher(p.module()).matches());
    }

    private static Pattern compiled(String regex) {
        try {
            return Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("ParameterGroup: " + MessageText.name(regex)
                    + " is not a regular expression (" + e.getDescription() + " near index " + e.getIndex()
                    + "); expected one that matches a whole name. Quote what is meant literally with Pattern.quote.");
        }
    }

    /**
     * The same group with a factor on the rate of the optimizer, as in LoRA+ (arXiv 2402.12354), where B learns 16 times as
     * fast as A.
     *
     * @param factor finite, above 0
     * @return the group
     * @throws IllegalArgumentException if the number is outside of its range
     */
    public ParameterGroup withLearningRateFactor(double factor) {
        Problems problems = new Problems();
        problems.finiteAboveZero("learningRateFactor", factor);
        problems.throwIfAny(where());
        return new ParameterGroup(name, selector, factor, OptionalDouble.empty(), decay, mayBeEmpty, sparesNone);
    }

    /**
     * The same group with a rate in place of the optimizer's; the schedule still applies.
     *
     * @param learningRate finite, above 0
     * @return the group
     * @throws IllegalArgumentException if the number is outside of its range
     */
    public ParameterGroup withLearningRate(double learningRate) {
        Problems problems = new Problems();
        problems.finiteAboveZero("learningRate", learningRate);
        problems.throwIfAny(where());
        return new ParameterGroup(name, selector, 1, OptionalDouble.of(learningRate), decay, mayBeEmpty, sparesNone);
    }

    /**
     * The same group with a weight decay in place of the optimizer's, biases and normalization gains included.
     *
     * @param weightDecay finite, 0 or above
     * @return the group
     * @throws IllegalArgumentException if the number is outside of its range
     */
    public ParameterGroup withWeightDecay(double weightDecay) {
        Problems problems = new Problems();
        problems.finiteFromZero("weightDecay", weightDecay);
        problems.throwIfAny(where());
        return new ParameterGroup(
                name, selector, rateFactor, rate, OptionalDouble.of(weightDecay), mayBeEmpty, sparesNone);
    }

    /**
     * What the group is called in messages.
     *
     * @return the name
     */
    public String name() {
        return name;
    }

    /**
     * Whether a parameter is in this group.
     *
     * @param parameter the parameter
     * @return true if it is
     */
    public boolean matches(TrainableParameter parameter) {
        return selector.test(parameter);
    }

    /**
     * The weight decay of this group.
     *
     * @return the number, or empty for the optimizer's
     */
    public OptionalDouble weightDecay() {
        return decay;
    }

    /** The rate of a member where the optimizer's is {@code ofOptimizer}. */
    double learningRate(double ofOptimizer) {
        return rate.orElse(ofOptimizer * rateFactor);
    }

    boolean changesLearningRate() {
        return rate.isPresent() || rateFactor != 1;
    }

    private String where() {
        return "parameter group \"" + name + "\"";
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ParameterGroup that
                && name.equals(that.name)
                && selector.equals(that.selector)
                && rateFactor == that.rateFactor
                && rate.equals(that.rate)
                && decay.equals(that.decay);
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, selector, rateFactor, rate, decay);
    }

    @Override
    public String toString() {
        String ofRate =
                rate.isPresent() ? ", learningRate=" + rate.getAsDouble() : ", learningRateFactor=" + rateFactor;
        return "ParameterGroup[" + name + ofRate + (decay.isPresent() ? ", weightDecay=" + decay.getAsDouble() : "")
                + "]";
    }
}
