/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.List;
import java.util.Map;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * (IA)³: {@code y = l * (W x + b)}, or {@code y = W (l * x) + b} in modules that are called feed-forward. Several adapters
 * multiply.
 *
 * <p><i>Shapes</i> of l: linear {@code [outputs, 1]}, feed-forward {@code [1, inputs]} · convolution {@code [1, outputs, 1...]},
 * feed-forward {@code [1, inputs, 1...]}. l starts at 1, and changes nothing there.
 *
 * <p><i>Source:</i> Liu et al., "Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning",
 * 2022, arXiv 2205.05638, section 3.3.
 *
 * @apiNote Status: experimental
 */
public final class Ia3Method implements ReplacingMethod {

    /** Suffix of the learned vector. */
    public static final String L = "ia3_l";

    static final MethodTraits TRAITS = MethodTraits.builder("IA3", "IA3")
            .place(Place.OUTPUT)
            .biasEffect(BiasEffect.CHANGES)
            .multiplies(true)
            .factor(L, "L")
            .build();

    static final MethodTraits OF_FEEDFORWARD = MethodTraits.builder("IA3", "IA3_FEEDFORWARD")
            .place(Place.INPUT)
            .multiplies(true)
            .factor(L, "L")
            .build();

    private final boolean feedforward;

    /**
     * Makes the method.
     *
     * @param feedforward whether inputs are scaled, not outputs
     */
    public Ia3Method(boolean feedforward) {
        this.feedforward = feedforward;
    }

    @Override
    public MethodTraits traits() {
        return feedforward ? OF_FEEDFORWARD : TRAITS;
    }

    @Override
    public Map<String, long[]> factors(ModuleShape shape, int rank) {
        boolean convolution = shape.kind() == ModuleShape.Kind.CONVOLUTION;
        if (!convolution && shape.kind() != ModuleShape.Kind.LINEAR || shape.isGrouped()) {
            throw new IllegalArgumentException("IA3, module of shape " + shape
                    + ": this kind is not scaled; expected a linear module or a convolution of one group. Exclude the"
                    + " module.");
        }
        long values = feedforward ? shape.inputs() : shape.outputs();
        if (convolution) {
            return Map.of(L, shape.sized(1, values, true));
        }
        return Map.of(L, feedforward ? new long[] {1, values} : new long[] {values, 1});
    }

    @Override
    public List<String> problems(Map<String, long[]> found, int rank) {
        long[] l = found.get(L);
        boolean vector = l != null && l.length >= 2 && FactorShapes.length(l) == Math.max(l[0], l[1]);
        boolean turned = vector && l.length == 2 && l[feedforward ? 0 : 1] != 1;
        return vector && !turned && found.size() == 1
                ? List.of()
                : List.of("found " + FactorShapes.text(found) + ", expected " + L + " of shape "
                        + (feedforward ? "[1, inputs]" : "[outputs, 1]") + ", for a convolution [1, "
                        + (feedforward ? "inputs" : "outputs") + ", 1...]");
    }

    @Override
    public Map<String, INDArray> initialize(FactorStart start) {
        long[] shape = factors(start.shape(), start.rank()).get(L);
        return Map.of(
                L,
                start.initialization() == Initialization.RANDOM
                        ? RandomStreams.normal(start.random(), 1, start.dataType(), shape)
                        : Nd4j.ones(start.dataType(), shape));
    }

    @Override
    public <T> T input(ModuleAlgebra<T> module, Factors<T> factors, T x) {
        return module.multiply(x, module.alongInputs(vector(module, factors, module.shape())));
    }

    @Override
    public <T> T output(ModuleAlgebra<T> module, Factors<T> factors, T y) {
        return module.multiply(y, module.alongOutputs(vector(module, factors, module.shape())));
    }

    @Override
    public <T> T weight(WeightAlgebra<T> module, Factors<T> factors, T w) {
        T l = vector(module, factors, module.shape());
        return module.multiply(w, feedforward ? module.alongWeightInputs(l) : module.alongWeight(l));
    }

    @Override
    public <T> T bias(Algebra<T> algebra, Factors<T> factors, T bias) {
        return feedforward ? bias : algebra.multiply(bias, algebra.reshape(factors.get(L), -1));
    }

    private <T> T vector(Algebra<T> algebra, Factors<T> factors, ModuleShape shape) {
        return algebra.reshape(factors.get(L), feedforward ? shape.inputs() : shape.outputs());
    }
}
