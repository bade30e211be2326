/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tells heads that have never learned by their values. A bias that is 0 in every element has never had a gradient; and weights
 * that fill the range of PyTorch's {@code Linear} evenly, from {@code -1/sqrt(in)} to {@code 1/sqrt(in)} and nowhere beyond, were
 * drawn and not trained. Any other head counts as trained, as there is no way to know.
 */
final class FreshHeads {

    /** Of values that are spread evenly over a range, the mean square is a third of its end's. */
    private static final double THIRD = 1.0 / 3;

    private static final double NEAR = 0.1;

    /** So many values fill a range, and their mean square is within a tenth of what it should be. */
    private static final int FEWEST = 64;

    private FreshHeads() {}

    static List<String> of(Collection<String> heads, Map<String, Supplier<INDArray>> weights) {
        List<String> fresh = new ArrayList<>();
        for (String head : heads) {
            Supplier<INDArray> bias = weights.get(head + ".bias");
            Supplier<INDArray> weight = weights.get(head + ".weight");
            if (bias != null && isZero(bias.get()) || weight != null && isDrawn(weight.get())) {
                fresh.add(head);
            }
        }
        return fresh;
    }

    private static boolean isZero(INDArray bias) {
        return bias != null && bias.amaxNumber().doubleValue() == 0;
    }

    private static boolean isDrawn(INDArray weight) {
        if (weight == null || weight.rank() != 2 || weight.length() < FEWEST) {
            return false;
        }
        double end = 1 / Math.sqrt(weight.size(1));
        double largest = weight.amaxNumber().doubleValue();
        double norm = weight.norm2Number().doubleValue();
        double meanSquare = norm * norm / weight.length() / (end * end);
        return largest <= end * (1 + 1e-6)
                && largest > end * (1 - NEAR)
                && Math.abs(meanSquare - THIRD) < NEAR * THIRD * Math.max(1, 30 / Math.sqrt(weight.length()));
    }
}
