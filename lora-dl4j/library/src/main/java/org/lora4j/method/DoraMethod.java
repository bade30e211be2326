/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.array.Broadcasts;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.BooleanIndexing;
import org.nd4j.linalg.indexing.conditions.Conditions;

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

    private final LoraMethod lora = new LoraMethod();

    @Override
    public String name() {
        return "DoRA";
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
    public boolean isBiasOrGain(String suffix) {
        return suffix.equals(MAGNITUDE);
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        Map<String, INDArray> factors = new LinkedHashMap<>(lora.initialize(start));
        INDArray weight = start.weight().get();
        INDArray rows = rows(start.shape(), direction(start.shape(), weight, factors, start.scaling()));
        factors.put(MAGNITUDE, rows.norm2(1).reshape(magnitudes(start.shape())).castTo(start.dataType()));
        return factors;
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
        INDArray rows = rows(shape, direction(shape, weight, factors, scaling));
        INDArray lengths = rows.norm2(1);
        BooleanIndexing.replaceWhere(lengths, 1, Conditions.equals(0));
        INDArray scales =
                magnitude.castTo(rows.dataType()).reshape(shape.outputs()).div(lengths);
        Broadcasts.mulColumn(rows, scales.reshape(shape.outputs(), 1));
        INDArray merged = shape.kind() == ModuleShape.Kind.EMBEDDING
                ? rows.transpose().dup('c')
                : rows.reshape('c', shape.weight());
        return merged.castTo(weight.dataType());
    }

    /** V, at least in single precision. */
    private INDArray direction(ModuleShape shape, INDArray weight, Map<String, INDArray> factors, double scaling) {
        INDArray exact = weight.dataType() == DataType.DOUBLE ? weight : weight.castTo(DataType.FLOAT);
        return lora.mergedWeight(shape, exact, factors, scaling);
    }

    /** One row for each output, in an array of its own. */
    private static INDArray rows(ModuleShape shape, INDArray weight) {
        return shape.kind() == ModuleShape.Kind.EMBEDDING
                ? weight.transpose().dup('c')
                : weight.dup('c').reshape('c', shape.outputs(), -1);
    }
}
