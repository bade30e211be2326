/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Weight-decomposed low-rank adaptation: {@code W' = m * V / |V|} with {@code V = W + scaling * B A}, where {@code |V|}
 * holds the length of V for each output: of a row of a linear weight, of a filter, of a column of an embedding.
 *
 * <p><i>Shapes</i> the factors of {@link LoraMethod} and the magnitudes m: linear {@code [outputs]} · embedding {@code
 * [outputs]} · convolution {@code [1, outputs, 1...]}. m starts as the lengths of V, so that a fresh adapter changes
 * nothing but the last bits.
 *
 * <p>In training {@code |V|} counts as a constant, as in the paper and in PEFT. An output whose V is zero stays zero.
 *
 * <p><i>Source:</i> Liu et al., "DoRA: Weight-Decomposed Low-Rank Adaptation", 2024, arXiv 2402.09353, equation 5 and
 * section 4.3.
 *
 * @apiNote Status: experimental
 */
public final class DoraMethod implements AdapterMethod {

    /** Suffix of the magnitudes. */
    public static final String MAGNITUDE = "lora_magnitude_vector";

    static final MethodTraits TRAITS = MethodTraits.builder("DoRA", "DORA")
            .option("dora")
            .place(Place.OUTPUT)
            .scalesOthers(true)
            .factor(LoraMethod.A, "A", FactorTrait.THIN)
            .factor(LoraMethod.B, "B", FactorTrait.THIN)
            .factor(MAGNITUDE, "M", FactorTrait.BIAS_OR_GAIN)
            .otherSuffix(LoraMethod.EMBEDDING_A, FactorTrait.THIN)
            .otherSuffix(LoraMethod.EMBEDDING_B, FactorTrait.THIN)
            .build();

    private final LoraMethod lora = new LoraMethod();

    @Override
    public MethodTraits traits() {
        return TRAITS;
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        if (shape.kind() == ModuleShape.Kind.EXPERTS || shape.isGrouped()) {
            throw new IllegalArgumentException("DoRA, module of shape " + shape
                    + ": this kind has no magnitudes; expected a linear module, an embedding or a convolution of one"
                    + " group. Exclude the module or use plain LoRA.");
        }
        Map<String, long[]> factors = new LinkedHashMap<>(lora.factors(shape, rank));
        factors.put(MAGNITUDE, magnitudes(shape));
        return factors;
    }

    private static long[] magnitudes(ModuleShape shape) {
        return shape.kind() == ModuleShape.Kind.CONVOLUTION
                ? shape.sized(1, shape.outputs(), true)
                : new long[] {shape.outputs()};
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        Map<String, INDArray> factors = new LinkedHashMap<>(lora.initialize(start));
        INDArray weight = start.weight().get();
        WeightTape tape = WeightTape.of(start.shape(), exact(weight));
        INDArray lengths = tape.lengthPerOutput(direction(tape, tape.factors(factors, start.scaling())))
                .value();
        factors.put(MAGNITUDE, lengths.reshape(magnitudes(start.shape())).castTo(start.dataType()));
        return factors;
    }

    /**
     * The output of the base becomes {@code (m / |V|) * (W x + s * B A x)} without a bias; expressed as what is added,
     * {@code (m / |V| - 1) * W x + (m / |V|) * s * B A x}.
     *
     * <p>Beside other adapters of the same module V has the weight without them. Updates of those that were made active before
     * are scaled too, of those after it not; merging one of them changes the weight that the lengths are taken of. PEFT does
     * the same. With dropout both terms see the dropped activation while the base does not, as in PEFT.
     */
    @Override
    public <T> T outputUpdate(ModuleAlgebra<T> module, Factors<T> factors) {
        T ratio = ratioOfOutputs(module, factors);
        T x = factors.drop(module.input());
        T base = factors.drops() ? module.applied(x) : module.withoutBias();
        T update = loraUpdate(module, factors, x);
        return module.add(module.multiply(base, module.plus(ratio, -1)), module.multiply(update, ratio));
    }

    @Override
    public <T> T output(ModuleAlgebra<T> module, Factors<T> factors, T y) {
        if (factors.drops() || y != module.withoutBias()) {
            return module.add(y, outputUpdate(module, factors));
        }
        T sum = module.add(y, loraUpdate(module, factors, module.input()));
        return module.multiply(sum, ratioOfOutputs(module, factors));
    }

    /** s * B A x. */
    private <T> T loraUpdate(ModuleAlgebra<T> module, Factors<T> factors, T x) {
        T thin = module.scale(module.narrow(x, factors.get(LoraMethod.down(module.shape()))), factors.scaling());
        return module.widen(thin, factors.get(LoraMethod.up(module.shape())));
    }

    private <T> T ratioOfOutputs(ModuleAlgebra<T> module, Factors<T> factors) {
        T lengths = module.heldLengthPerOutput(
                lora.scaledDown(module, factors), factors.get(LoraMethod.up(module.shape())));
        return module.alongOutputs(ratio(module, factors, lengths));
    }

    @Override
    public <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w) {
        T direction = direction(module, factors);
        T sum = w == module.weight() ? direction : module.add(w, lora.weightUpdate(module, factors));
        return scaled(module, factors, sum, direction);
    }

    @Override
    public <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors) {
        T direction = direction(module, factors);
        return module.subtract(scaled(module, factors, direction, direction), module.weight());
    }

    /** m / |V| times a weight. */
    private <T> T scaled(WeightAlgebra<T> module, Factors<T> factors, T weight, T direction) {
        T lengths = module.held(module.lengthPerOutput(direction));
        return module.multiply(weight, module.alongWeight(ratio(module, factors, lengths)));
    }

    @Override
    public <T> T scaleOfOthers(WeightAlgebra<T> module, Factors<T> factors) {
        return ratio(module, factors, module.held(module.lengthPerOutput(direction(module, factors))));
    }

    /** m / |V| for each output. */
    private static <T> T ratio(WeightAlgebra<T> module, Factors<T> factors, T lengths) {
        return module.divide(
                module.reshape(factors.get(MAGNITUDE), module.shape().outputs()), module.oneForZero(lengths));
    }

    /** V. */
    private <T> T direction(WeightAlgebra<T> module, Factors<T> factors) {
        return module.add(module.weight(), lora.weightUpdate(module, factors));
    }

    @Override
    public INDArray deltaWeight(ModuleShape shape, INDArray weight, Map<String, INDArray> factors, double scaling) {
        return mergedWeight(shape, weight, factors, scaling).subi(weight);
    }

    @Override
    public INDArray mergedWeight(ModuleShape shape, INDArray weight, Map<String, INDArray> factors, double scaling) {
        INDArray magnitude = factors.get(MAGNITUDE);
        if (magnitude == null || magnitude.length() != shape.outputs()) {
            throw new IllegalArgumentException("DoRA, module of shape " + shape + ": found "
                    + (magnitude == null ? "no " + MAGNITUDE : magnitude.length() + " magnitudes") + "; expected "
                    + shape.outputs() + ". The factors belong to another module or another base model.");
        }
        LoraMethod.check(shape, factors.get(LoraMethod.down(shape)), factors.get(LoraMethod.up(shape)));
        return AdapterMethod.super.mergedWeight(shape, weight, factors, scaling);
    }

    /** At least in single precision. */
    private static INDArray exact(INDArray weight) {
        return weight.dataType() == DataType.DOUBLE ? weight : weight.castTo(DataType.FLOAT);
    }
}
