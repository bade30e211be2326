/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Projections that all modules of an adapter share, drawn from the key of its config: the same for every module. PyTorch draws
 * others from the same key.
 */
final class Projections {

    private Projections() {}

    /** The traits of a method whose shared tensors files hold or do not hold. */
    static MethodTraits.Builder traits(MethodTraits traits, boolean stored) {
        MethodTraits.Builder own = traits.toBuilder();
        traits.suffixes().stream()
                .filter(suffix -> !stored && traits.is(suffix, FactorTrait.SHARED))
                .forEach(own::unsaved);
        return own;
    }

    /** The shape of the whole of a shared tensor; the module's own part if it is alone. */
    static long[] whole(AdapterMethod method, FactorStart start, String suffix) {
        long[] own = method.factors(start.shape(), start.rank()).get(suffix);
        return start.shared().getOrDefault(suffix, own);
    }

    /** Uniform in {@code ±sqrt(6 / fan-in)}: He et al. 2015, "Delving Deep into Rectifiers", arXiv 1502.01852, equation 10. */
    static INDArray kaiming(long key, String suffix, FactorStart start, long fanIn, long... shape) {
        return RandomStreams.uniform(RandomStreams.of(key, suffix), Math.sqrt(6.0 / fanIn), start.dataType(), shape);
    }

    /** Uniform, with a standard deviation of 1 over all its values. */
    static INDArray ofUnitDeviation(long key, String suffix, FactorStart start, long... shape) {
        INDArray drawn = RandomStreams.uniform(RandomStreams.of(key, suffix), 1, start.dataType(), shape);
        return standardized(drawn);
    }

    /** -1 and 1 with a probability of {@code 1 / (2 sparsity)} each, else 0, scaled to a standard deviation of 1. */
    static INDArray sparse(long key, String suffix, FactorStart start, double sparsity, long... shape) {
        INDArray drawn = RandomStreams.uniform(RandomStreams.of(key, suffix), 1, start.dataType(), shape);
        double limit = 1 - 1 / sparsity;
        for (long i = 0; i < drawn.length(); i++) {
            double value = drawn.data().getDouble(i);
            drawn.data().put(i, Math.abs(value) > limit ? Math.signum(value) : 0);
        }
        return standardized(drawn);
    }

    private static INDArray standardized(INDArray drawn) {
        double deviation = drawn.length() < 2 ? 0 : drawn.stdNumber(true).doubleValue();
        return deviation > 0 ? drawn.divi(deviation) : drawn;
    }
}
