/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

/**
 * A method whose update is a product of two thin matrices that are computed from its factors: beside the weight it costs what
 * LoRA does.
 */
abstract class PairMethod implements AdapterMethod {

    /** The matrix next to the input, [rank, inputs * window]. */
    abstract <T> T down(WeightAlgebra<T> module, Factors<T> factors);

    /** The matrix next to the output, [outputs, rank]. */
    abstract <T> T up(WeightAlgebra<T> module, Factors<T> factors);

    @Override
    public final <T> T outputUpdate(ModuleAlgebra<T> module, Factors<T> factors) {
        ModuleShape shape = module.shape();
        T a = shaped(module, down(module, factors), -1, shape.inputs(), false);
        T b = shaped(module, up(module, factors), shape.outputs(), -1, true);
        return product(module, factors, a, b);
    }

    /** What a pair of thin factors in PEFT's shapes adds to the output. */
    static <T> T product(ModuleAlgebra<T> module, Factors<T> factors, T a, T b) {
        T thin = module.narrow(factors.drop(module.input()), module.thin(a));
        return module.widen(module.scale(thin, factors.scaling()), module.thin(b));
    }

    /** A matrix as the kernel of a convolution, if the module is one. */
    private static <T> T shaped(ModuleAlgebra<T> module, T matrix, long first, long second, boolean pointwise) {
        return module.shape().kernel().isEmpty()
                ? matrix
                : module.reshape(matrix, module.shape().sized(first, second, pointwise));
    }

    @Override
    public final <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors) {
        T a = module.scale(down(module, factors), factors.scaling());
        return module.asWeight(module.matrixProduct(up(module, factors), a));
    }
}
