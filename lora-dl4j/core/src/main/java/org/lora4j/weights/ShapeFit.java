/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.lora4j.method.AdapterMethod;
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

    /** Which way round the weight of a linear module may lie. */
    enum Layout {
        /** As PyTorch's linear modules have it. */
        STRAIGHT,
        /** The same, unless sizes say that it is turned: PEFT writes the flag as it was asked for. */
        STRAIGHT_FIRST,
        /** Inputs first, unless sizes say that it is not. */
        TURNED_FIRST
    }

    /**
     * The factors that a parameter is to fit.
     *
     * @param method how they adapt it
     * @param factors the factors by suffix
     * @param rank rank of the update
     */
    record Wanted(AdapterMethod method, Map<String, INDArray> factors, int rank) {

        /** The fit of a module's weight, the layout deciding where both ways round are possible. */
        Optional<ShapeFit> ofWeight(long[] weight, Layout layout) {
            if (weight.length == 2) {
                Optional<ShapeFit> table = fit(ModuleShape.embedding(weight[0], weight[1]));
                if (table.isPresent()) {
                    return table;
                }
                Optional<ShapeFit> straight = fit(ModuleShape.linear(weight[1], weight[0]));
                if (layout == Layout.STRAIGHT) {
                    return straight;
                }
                Optional<ShapeFit> turned =
                        fit(ModuleShape.linear(weight[0], weight[1])).map(fit -> new ShapeFit(fit.shape(), true));
                if (layout == Layout.TURNED_FIRST) {
                    return turned.or(() -> straight.filter(fit -> isCertain(fit.shape())));
                }
                return straight.or(() -> turned.filter(fit -> isCertain(fit.shape())));
            }
            return fit(convolution(weight));
        }

        /** Whether factors of one size fit no matrix of another, so that they may contradict the flag. */
        private boolean isCertain(ModuleShape shape) {
            return fit(ModuleShape.linear(shape.inputs() + 1, shape.outputs())).isEmpty()
                    && fit(ModuleShape.linear(shape.inputs(), shape.outputs() + 1))
                            .isEmpty();
        }

        /** The fit of a parameter that is given by its own name: a matrix, or the stacked matrices of experts. */
        Optional<ShapeFit> ofParameter(long[] weight) {
            if (weight.length == 2) {
                return fit(ModuleShape.linear(weight[1], weight[0]));
            }
            if (weight.length != 3) {
                return Optional.empty();
            }
            return fit(ModuleShape.experts(weight[0], weight[2], weight[1]))
                    .or(() -> fit(ModuleShape.experts(weight[0], weight[1], weight[2]))
                            .map(fit -> new ShapeFit(fit.shape(), true)));
        }

        /** In groups only where A says so, which sees all input channels. */
        private ModuleShape convolution(long[] weight) {
            if (weight.length < 3 || weight.length > 5) {
                return null;
            }
            INDArray a = factors.get(LoraMethod.A);
            long inputs = a == null || a.rank() != weight.length ? weight[1] : a.size(1);
            boolean possible =
                    weight[1] > 0 && inputs % weight[1] == 0 && weight[0] % Math.max(1, inputs / weight[1]) == 0;
            return possible
                    ? ModuleShape.groupedConvolution(
                            inputs, weight[0], inputs / weight[1], Arrays.copyOfRange(weight, 2, weight.length))
                    : null;
        }

        private Optional<ShapeFit> fit(ModuleShape shape) {
            if (shape == null || (shape.isGrouped() && rank % shape.parts() != 0)) {
                return Optional.empty();
            }
            Map<String, long[]> expected;
            try {
                expected = method.of(shape).factors(shape, rank);
            } catch (IllegalArgumentException notForThisKind) {
                return Optional.empty();
            }
            Map<String, INDArray> cut = method.of(shape).cut(shape, rank, factors);
            boolean fits = expected.keySet().equals(cut.keySet())
                    && expected.entrySet().stream()
                            .allMatch(factor ->
                                    Arrays.equals(cut.get(factor.getKey()).shape(), factor.getValue()));
            return fits ? Optional.of(new ShapeFit(shape, false)) : Optional.empty();
        }
    }
}
