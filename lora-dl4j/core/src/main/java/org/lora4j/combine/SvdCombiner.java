/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.DoubleStream;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;

/** What combiners have in common that end in the best approximation of an update by a rank. */
sealed interface SvdCombiner extends ModuleCombiner permits SumSvdCombiner, UpdateSvdCombiner {

    /** The leading singular values of the combined update, at most as many as wanted. */
    SingularValues singularValues(ModuleInputs module, Settings settings);

    /** The combined update in full. */
    Matrix update(ModuleInputs module, Settings settings);

    @Override
    default MatrixPair combine(ModuleInputs module, Settings settings) {
        SingularValues svd = singularValues(module, settings);
        if (settings.clampQuantile() != null && settings.peftCompatible()) {
            svd = LapackSigns.of(update(module, settings)).given(svd);
        }
        int kept = Math.min(settings.rank(), svd.rank());
        // An update of zero still needs a row.
        MatrixPair pair = MatrixPair.of(svd.truncated(kept)).padded(Math.max(1, kept));
        return settings.clampQuantile() == null ? pair : clamped(pair, settings);
    }

    private static MatrixPair clamped(MatrixPair pair, Settings settings) {
        DoubleStream elements = DoubleStream.concat(
                Arrays.stream(pair.b().flat()), Arrays.stream(pair.a().flat()));
        // PEFT takes the quantile of signed elements.
        double[] sorted = (settings.peftCompatible() ? elements : elements.map(Math::abs))
                .sorted()
                .toArray();
        double limit = quantile(sorted, settings.clampQuantile());
        return new MatrixPair(clamped(pair.a(), limit), clamped(pair.b(), limit));
    }

    /** Between two elements it is interpolated, as in torch.quantile. */
    private static double quantile(double[] sorted, double share) {
        double at = share * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }

    private static Matrix clamped(Matrix matrix, double limit) {
        double[] flat = Arrays.stream(matrix.flat())
                .map(value -> Math.min(Math.max(value, -limit), limit))
                .toArray();
        return Matrix.ofFlat(flat, matrix.columns());
    }

    @Override
    default boolean needsEqualRanks() {
        return false;
    }

    @Override
    default int peftRank(List<Integer> ranksOfAdapters, Integer wanted) {
        return wanted == null ? Collections.max(ranksOfAdapters) : wanted;
    }

    @Override
    default List<DareMasks.Part> maskedParts() {
        return List.of(DareMasks.Part.UPDATE);
    }
}
