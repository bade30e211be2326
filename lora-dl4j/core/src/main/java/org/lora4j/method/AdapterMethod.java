/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One way to adapt a module with few numbers: which factors there are, how they start, and what they do to the module,
 * written once in an {@link Algebra} for merging and for every host.
 *
 * <p>All arrays are in PEFT's layouts ({@link ModuleShape} for weights, {@link #factors} for factors) and factors are
 * named by PEFT's suffixes, for instance {@code lora_A.weight}.
 *
 * <p><b>State and threads.</b> Implementations have no state; nothing here writes to an array that it was given.
 *
 * @apiNote Status: experimental
 */
public interface AdapterMethod {

    /** Where a method acts beside a weight that is left as it is. */
    enum Place {
        /** On what the module is applied to. */
        INPUT,
        /** On the weight, as a new one for each pass. */
        WEIGHT,
        /** On what the module gives. */
        OUTPUT
    }

    /** What a method does to the bias of a module. */
    enum BiasEffect {
        /** Nothing. */
        NONE,
        /** Changes it, if there is one. */
        CHANGES,
        /** Adds to it: merging needs one. */
        ADDS
    }

    /** In which order several active adapters of a method change a weight. */
    enum Order {
        /** In any: the result is the same. */
        ANY,
        /** In the order in which they were made active. */
        FIRST_FIRST,
        /** The one that was made active last begins. */
        LAST_FIRST
    }

    /**
     * The name of the method in messages and reports.
     *
     * @return a short name, for instance {@code LoRA}
     */
    String name();

    /**
     * The option by which a config asks for the method, for messages.
     *
     * @return the name of a flag; empty if the kind of config says it all
     */
    default Optional<String> option() {
        return Optional.empty();
    }

    /**
     * The name of the method in saved networks, which therefore stays as it is.
     *
     * @return a name without spaces, and behind a colon the options of the variant if there are any, as {@link
     *     AdapterMethods#named} reads them; with {@link BiasEffect#ADDS} or not it tells every variant apart
     */
    String id();

    /**
     * The factors of one module.
     *
     * @param shape the module
     * @param rank rank of the update, 1 or more; it may exceed the sizes of the module
     * @return shape by suffix, in a fixed order
     * @throws IllegalArgumentException if the rank is below 1, or the method has no factors for this kind of module
     */
    Map<String, long[]> factors(ModuleShape shape, int rank);

    /**
     * The suffixes of {@link #factors} of a module whose shape is not known yet.
     *
     * @return one for each of {@link #shortNames}, in their order
     */
    default List<String> suffixes() {
        return List.copyOf(factors(ModuleShape.linear(1, 1), 1).keySet());
    }

    /**
     * Short names of the factors, for hosts that name parameters themselves.
     *
     * @return letters, in the order of {@link #factors}; no digits, as hosts put numbers behind
     */
    List<String> shortNames();

    /**
     * The method for a module of a shape, where it has variants.
     *
     * @param shape a module
     * @return the variant
     */
    default AdapterMethod of(ModuleShape shape) {
        return this;
    }

    /**
     * What is wrong with the factors in themselves, without knowing the module. Of A and B {@code Adapter} checks that they
     * fit each other, as it knows which modules stack several.
     *
     * @param found shape by suffix
     * @param rank rank of the update by the config
     * @return a sentence for each problem, with what was found and expected; empty if there is none
     */
    default List<String> problems(Map<String, long[]> found, int rank) {
        return List.of();
    }

    /**
     * The ranks that an update may have, by the shapes of its factors.
     *
     * @param shape the module
     * @param found shape by suffix
     * @return ranks to try in turn, each one that {@link #factors} takes
     */
    default IntStream ranks(ModuleShape shape, Map<String, long[]> found) {
        return found.values().stream()
                .flatMapToLong(Arrays::stream)
                .filter(size -> size >= 1 && size <= Integer.MAX_VALUE)
                .distinct()
                .mapToInt(Math::toIntExact);
    }

    /**
     * What is wrong with the values of factors in a module, once their shapes fit.
     *
     * @param shape the module
     * @param found the factors by suffix, of the shapes of {@link #factors}
     * @return a sentence for each problem, with what was found and expected; empty if there is none
     */
    default List<String> misfits(ModuleShape shape, Map<String, INDArray> found) {
        return List.of();
    }

    /**
     * Whether a tensor is a bias or a gain and not a factor of the update.
     *
     * @param suffix a suffix of {@link #factors}
     * @return true if it is trained without weight decay by default
     */
    default boolean isBiasOrGain(String suffix) {
        return false;
    }

    /**
     * Whether a factor is one of two that make a thin product, and may lie in a host's own layout.
     *
     * @param suffix a suffix of {@link #factors}
     * @return false for factors that stay in PEFT's shape
     */
    default boolean isThin(String suffix) {
        return false;
    }

    /**
     * Whether a factor is trained. One that is not is what the method drew when it started: it is saved with the others, and
     * no gradient is taken of it.
     *
     * @param suffix a suffix of {@link #factors}
     * @return false for projections, positions and the like
     */
    default boolean isTrained(String suffix) {
        return true;
    }

    /**
     * Whether a factor is cut out of a tensor that all modules share: its first values along each axis. A file holds that
     * tensor once, as large as the largest module needs it; such a factor is never trained.
     *
     * @param suffix a suffix of {@link #factors}
     * @return true for VeRA's projections and the like
     */
    default boolean isShared(String suffix) {
        return false;
    }

    /**
     * Whether files hold a factor. One that PEFT draws again from a seed of the config is in none, and whoever loads the
     * adapter gives it.
     *
     * @param suffix a suffix of {@link #factors}
     * @return false for projections that are not saved and for positions that never are
     */
    default boolean isStored(String suffix) {
        return true;
    }

    /**
     * Whether files hold a shared tensor once more with each module, as PEFT writes RandLoRA's.
     *
     * @param suffix a suffix of {@link #factors} that is shared
     * @return true if each module repeats it
     */
    default boolean isRepeated(String suffix) {
        return false;
    }

    /**
     * The factors of a module as it uses them: of a tensor that all share, the part that is the module's.
     *
     * @param shape the module
     * @param rank rank of the update
     * @param found tensors by suffix, as an adapter holds them
     * @return the same tensors, where they are shared and larger cut to the shapes of {@link #factors}
     */
    default Map<String, INDArray> cut(ModuleShape shape, int rank, Map<String, INDArray> found) {
        return FactorShapes.cut(this, factors(shape, rank), found);
    }

    /**
     * The rank that every update of the method has, where it stays as it is when the adapter becomes plain LoRA, whatever
     * rank is asked for (PEFT: MiSS).
     *
     * @param rank rank of the update by the config
     * @return the rank, or empty if the update may be given another one
     */
    default OptionalInt keptRank(int rank) {
        return OptionalInt.empty();
    }

    /**
     * The factors of a module as files hold them, where a method leaves something out.
     *
     * @param factors tensors by suffix, as a module that was trained has them
     * @return what an adapter holds; the same map if it holds all
     */
    default Map<String, INDArray> filed(Map<String, INDArray> factors) {
        return factors;
    }

    /**
     * Makes the factors that training starts from.
     *
     * @param start the module, the rule and the source of randomness
     * @return a new array by suffix, in the order of {@link #factors}, of the data type of the module's weight; shared
     *     tensors as a whole, of which {@link #cut} takes the module's part
     */
    Map<String, INDArray> initialize(FactorStart start);

    /**
     * The factors whose update the base gives up when an adapter starts.
     *
     * @param start as for {@link #initialize}
     * @param fresh what {@link #initialize} gave
     * @return factors as {@link #initialize} gives them; empty if the base stays as it is
     */
    default Map<String, INDArray> given(FactorStart start, Map<String, INDArray> fresh) {
        return start.initialization().movesBase() ? fresh : Map.of();
    }

    /**
     * Where the method acts, as long as it is not merged.
     *
     * @return the place whose operation below is used; that on the weight is there for all
     */
    Place place();

    /**
     * Where the method acts in a module, if that is a question of cost.
     *
     * @param shape the module
     * @param rank rank of the update
     * @return the place for what is applied to many rows
     */
    default Place place(ModuleShape shape, int rank) {
        return place();
    }

    /**
     * Whether the method has its word in each step of a training, by a {@link StepRule}.
     *
     * @return true if it is not trained by its gradients alone
     */
    default boolean hasStepRule() {
        return false;
    }

    /**
     * What the method leaves out of updates while it learns.
     *
     * @return probabilities, mostly of nothing; hosts give what they drew as {@link Factors#kept}
     */
    default UpdateDropout updateDropout() {
        return UpdateDropout.NONE;
    }

    /**
     * Whether the method multiplies what other adapters add, so that it acts in a module with adapters of its own kind alone.
     *
     * @return true if so
     */
    default boolean multiplies() {
        return false;
    }

    /**
     * Whether the method scales what the adapters before it added, and not those after it, so that their order counts.
     *
     * @return true for DoRA
     */
    default boolean scalesOthers() {
        return false;
    }

    /**
     * What the method multiplies everything by that the adapters before it added, if it {@linkplain #scalesOthers scales} it.
     *
     * @param module the module
     * @param factors the factors
     * @param <T> what is calculated with
     * @return a factor for each output {@code [outputs]}
     */
    default <T> T scaleOfOthers(WeightAlgebra<T> module, Factors<T> factors) {
        throw new UnsupportedOperationException(name() + " scales nothing of others; ask scalesOthers first");
    }

    /**
     * Whether at most one adapter of the method acts in a module at a time.
     *
     * @return true for what changes the base for itself
     */
    default boolean isSingle() {
        return false;
    }

    /**
     * The order in which several active adapters change a weight, and outputs; inputs they change in the opposite one.
     *
     * @return the order, the same for all variants of a method
     */
    default Order order() {
        return Order.ANY;
    }

    /**
     * Puts adapters in the order in which they change a weight.
     *
     * @param active something of each active adapter of a module, in the order in which they were made active
     * @param method tells of each the method
     * @param <E> what of the adapters
     * @return the same elements
     */
    static <E> List<E> ordered(List<E> active, Function<E, AdapterMethod> method) {
        List<E> ordered = new ArrayList<>(active);
        if (active.stream().anyMatch(adapter -> method.apply(adapter).order() == Order.LAST_FIRST)) {
            Collections.reverse(ordered);
        }
        return ordered;
    }

    /**
     * Whether what the method does in a module is a change of its weight. Where it is not, an adapter is neither merged nor
     * converted, and only hosts that hand out activations have it.
     *
     * @param shape the module
     * @return false for OFT on windows above 1 alone
     */
    default boolean changesWeight(ModuleShape shape) {
        return true;
    }

    /**
     * What the method does to the bias of a module.
     *
     * @return the effect of {@link #bias}
     */
    default BiasEffect biasEffect() {
        return BiasEffect.NONE;
    }

    /**
     * The input with the adapter in it, for methods that act there.
     *
     * @param module the module
     * @param factors the factors
     * @param x the input so far
     * @param <T> what is calculated with
     * @return an array of the shape of {@code x}
     */
    default <T> T input(ModuleAlgebra<T> module, Factors<T> factors, T x) {
        throw new UnsupportedOperationException(name() + " does not act on inputs; expected " + place());
    }

    /**
     * The output with the adapter in it, for methods that act there.
     *
     * @param module the module
     * @param factors the factors
     * @param y the output so far
     * @param <T> what is calculated with
     * @return an array of the shape of {@code y}
     */
    default <T> T output(ModuleAlgebra<T> module, Factors<T> factors, T y) {
        return module.add(y, outputUpdate(module, factors));
    }

    /**
     * What the adapter adds to the output, for methods that add to it.
     *
     * @param module the module
     * @param factors the factors
     * @param <T> what is calculated with
     * @return an array of the shape of the output
     */
    default <T> T outputUpdate(ModuleAlgebra<T> module, Factors<T> factors) {
        throw new UnsupportedOperationException(name() + " adds nothing to outputs; expected " + place());
    }

    /**
     * The weight with the adapter in it.
     *
     * @param module the module
     * @param factors the factors
     * @param w the weight so far
     * @param <T> what is calculated with
     * @return an array of the shape of {@code w}
     */
    default <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w) {
        return module.add(w, weightUpdate(module, factors));
    }

    /**
     * What the adapter adds to the weight of the base.
     *
     * @param module the module
     * @param factors the factors
     * @param <T> what is calculated with
     * @return an array of the shape of the weight
     */
    default <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors) {
        return module.subtract(weight(module, factors, module.weight()), module.weight());
    }

    /**
     * The bias with the adapter in it.
     *
     * @param algebra the arithmetic
     * @param factors the factors
     * @param bias the bias so far
     * @param <T> what is calculated with
     * @return an array of the shape of {@code bias}, itself if the method does nothing to it
     */
    default <T> T bias(Algebra<T> algebra, Factors<T> factors, T bias) {
        return bias;
    }

    /**
     * What the factors add to the weight.
     *
     * @param shape the module
     * @param weight the weight of the base model; only read, and only by methods whose update depends on it
     * @param factors the factors by suffix
     * @param scaling factor on the update
     * @return a new array of the shape and data type of {@code weight}; half precision is computed in FLOAT and rounded
     *     once
     * @throws IllegalArgumentException if a factor is missing or does not fit
     */
    default INDArray deltaWeight(ModuleShape shape, INDArray weight, Map<String, INDArray> factors, double scaling) {
        WeightTape tape = tape(shape, weight);
        Factors<ArrayTape.Node> fitting = tape.factors(FactorShapes.fitting(this, shape, factors), scaling);
        return tape.peft(weightUpdate(tape, fitting), weight.dataType());
    }

    /**
     * The weight with the update in it.
     *
     * @param shape the module
     * @param weight the weight of the base model; only read
     * @param factors the factors by suffix
     * @param scaling factor on the update
     * @return a new array of the shape and data type of {@code weight}
     * @throws IllegalArgumentException if a factor is missing or does not fit
     */
    default INDArray mergedWeight(ModuleShape shape, INDArray weight, Map<String, INDArray> factors, double scaling) {
        WeightTape tape = tape(shape, weight);
        Factors<ArrayTape.Node> fitting = tape.factors(FactorShapes.fitting(this, shape, factors), scaling);
        return tape.peft(weight(tape, fitting, tape.weight()), weight.dataType());
    }

    /**
     * The weight with the update in it, where other adapters may have changed it before.
     *
     * @param shape the module
     * @param base the weight without any adapter, in the data type of {@code sum}; only read
     * @param sum the weight so far; only read
     * @param factors the factors by suffix
     * @param scaling factor on the update
     * @return a new array of the shape and data type of {@code sum}
     * @throws IllegalArgumentException if a factor is missing or does not fit
     */
    default INDArray mergedWeight(
            ModuleShape shape, INDArray base, INDArray sum, Map<String, INDArray> factors, double scaling) {
        return mergedWeight(shape, sum, factors, scaling);
    }

    private static WeightTape tape(ModuleShape shape, INDArray weight) {
        return WeightTape.of(shape, weight.dataType() == DataType.DOUBLE ? weight : weight.castTo(DataType.FLOAT));
    }

    /**
     * The bias with what the factors do to it.
     *
     * @param bias the bias of the module so far [outputs]; only read
     * @param factors the factors by suffix
     * @param scaling factor on the update
     * @return a new array of the shape and data type of {@code bias}, or empty if it stays as it is
     */
    default Optional<INDArray> mergedBias(INDArray bias, Map<String, INDArray> factors, double scaling) {
        if (biasEffect() == BiasEffect.NONE) {
            return Optional.empty();
        }
        ArrayTape tape = new ArrayTape();
        ArrayTape.Node merged = bias(tape, tape.factors(factors, scaling), tape.constant(bias));
        return Optional.of(merged.value().reshape(bias.shape()).dup('c'));
    }
}
