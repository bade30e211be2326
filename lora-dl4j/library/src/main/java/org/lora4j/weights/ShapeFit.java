/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.lora4j.method.LoraMethod;
import org.lora4j.method.ModuleShape;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a parameter must be for the factors of an update to fit it.
 *
 * @param shape the module
 * @param transposed whether the parameter has its last two axes the other way round
 */
record ShapeFit(ModuleShape shape, boolean transposed) {

    /** The fit of a module's weight, the flag of the config deciding where both ways round are possible. */
    static Optional<ShapeFit> ofWeight(long[] weight, Map<String, INDArray> factors, int rank, boolean fanInFanOut) {
        if (factors.containsKey(LoraMethod.EMBEDDING_A)) {
            return fit(weight.length == 2 ? ModuleShape.embedding(weight[0], weight[1]) : null, factors, rank);
        }
        if (weight.length == 2) {
            Optional<ShapeFit> straight = fit(ModuleShape.linear(weight[1], weight[0]), factors, rank);
            Optional<ShapeFit> turned = fit(ModuleShape.linear(weight[0], weight[1]), factors, rank)
                    .map(fit -> new ShapeFit(fit.shape(), true));
            return fanInFanOut ? turned.or(() -> straight) : straight.or(() -> turned);
        }
        return fit(convolution(weight, factors), factors, rank);
    }

    /** The fit of a parameter that is given by its own name: a matrix, or the stacked matrices of experts. */
    static Optional<ShapeFit> ofParameter(long[] weight, Map<String, INDArray> factors, int rank) {
        if (weight.length == 2) {
            return fit(ModuleShape.linear(weight[1], weight[0]), factors, rank);
        }
        if (weight.length != 3) {
            return Optional.empty();
        }
        return fit(ModuleShape.experts(weight[0], weight[2], weight[1]), factors, rank)
                .or(() -> fit(ModuleShape.experts(weight[0], weight[1], weight[2]), factors, rank)
                        .map(fit -> new ShapeFit(fit.shape(), true)));
    }

    private static ModuleShape convolution(long[] weight, Map<String, INDArray> factors) {
        INDArray a = factors.get(LoraMethod.A);
        boolean possible = weight.length >= 3
                && weight.length <= 5
                && a != null
                && a.rank() == weight.length
                && weight[1] > 0
                && a.size(1) % weight[1] == 0
                && weight[0] % (a.size(1) / weight[1]) == 0;
        return possible
                ? ModuleShape.groupedConvolution(
                        a.size(1), weight[0], a.size(1) / weight[1], Arrays.copyOfRange(weight, 2, weight.length))
                : null;
    }

    private static Optional<ShapeFit> fit(ModuleShape shape, Map<String, INDArray> factors, int rank) {
        if (shape == null || (shape.isGrouped() && rank % shape.parts() != 0)) {
            return Optional.empty();
        }
        Map<String, long[]> expected = new LoraMethod().factors(shape, rank);
        boolean fits = expected.entrySet().stream().allMatch(factor -> {
            INDArray found = factors.get(factor.getKey());
            return found != null && Arrays.equals(found.shape(), factor.getValue());
        });
        return fits ? Optional.of(new ShapeFit(shape, false)) : Optional.empty();
    }
}
