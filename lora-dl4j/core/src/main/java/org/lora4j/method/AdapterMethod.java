/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
 * <p>The facts about a method are one value, {@link #traits}. What is left here is what it computes: where it acts by {@link
 * MethodTraits#place}, it has {@link #input}, or {@link #output} or {@link #outputUpdate}; {@link #weightUpdate} it has in any case,
 * because it is merged by it (a {@link ReplacingMethod} has {@link #weight} instead); {@link #bias} if it does something to
 * biases.
 *
 * <p>Methods from outside of the library are added by {@link AdapterMethods#register}.
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
     * What the method says of itself. Hosts ask often, so that a method without variants has it as a constant.
     *
     * @return its names, its factors and the facts by which hosts treat it
     */
    MethodTraits traits();

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
        return found.keySet().equals(Set.copyOf(traits().suffixes()))
                ? List.of()
                : List.of("found " + FactorShapes.text(found) + ", expected " + traits().suffixes());
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
     * Where the method acts in a module, if that is a question of cost.
     *
     * @param shape the module
     * @param rank rank of the update
     * @return the place for what is applied to many rows
     */
    default Place place(ModuleShape shape, int rank) {
        return traits().place();
    }

    /**
     * What the method multiplies everything by that the adapters before it added, if it {@linkplain MethodTraits#scalesOthers scales} it.
     *
     * @param module the module
     * @param factors the factors
     * @param <T> what is calculated with
     * @return a factor for each output {@code [outputs]}
     */
    default <T> T scaleOfOthers(WeightAlgebra<T> module, Factors<T> factors) {
        throw lacks("scalesOthers", traits().scalesOthers(), "scaleOfOthers");
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
     * The input with the adapter in it, for methods that act there.
     *
     * @param module the module
     * @param factors the factors
     * @param x the input so far
     * @param <T> what is calculated with
     * @return an array of the shape of {@code x}
     */
    default <T> T input(ModuleAlgebra<T> module, Factors<T> factors, T x) {
        throw lacks("place", traits().place(), "input");
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
        throw lacks("place", traits().place(), "outputUpdate");
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
    <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors);

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
        if (traits().biasEffect() != BiasEffect.NONE) {
            throw lacks("biasEffect", traits().biasEffect(), "bias");
        }
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

    private UnsupportedOperationException lacks(String trait, Object value, String operation) {
        return new UnsupportedOperationException(
                traits().name() + ": " + trait + " = " + value + ", but its class has no " + operation
                        + "; expected one, where a trait asks for it. Correct the traits of the method, or its class.");
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
        if (traits().biasEffect() == BiasEffect.NONE) {
            return Optional.empty();
        }
        ArrayTape tape = new ArrayTape();
        ArrayTape.Node merged = bias(tape, tape.factors(factors, scaling), tape.constant(bias));
        return Optional.of(merged.value().reshape(bias.shape()).dup('c'));
    }
}
