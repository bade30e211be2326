/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.lora4j.internal.array.Matrix;

/**
 * Prunes and joins A and B on their own, as PEFT does. With two adapters and plain sums the update is
 * {@code (b1 B1 + b2 B2)(a1 A1 + a2 A2)}: it contains products of factors that never met in training.
 *
 * @param pruning which elements take part
 * @param joining how they become one
 */
record FactorCombiner(Pruning pruning, Joining joining) implements ModuleCombiner {

    @Override
    public MatrixPair combine(ModuleInputs module, Settings settings) {
        Matrix a = joined(
                module, settings, DareMasks.Part.A, ModuleFactors::a, share -> share.scaledWeight() < 0 ? -1 : 1);
        Matrix b = joined(module, settings, DareMasks.Part.B, ModuleFactors::b, share -> 1);
        return new MatrixPair(a, b);
    }

    private Matrix joined(
            ModuleInputs module,
            Settings settings,
            DareMasks.Part part,
            Function<ModuleFactors, Matrix> matrix,
            ToDoubleFunction<ModuleInputs.Share> sign) {
        double[] weights = module.shares().stream()
                .mapToDouble(share -> sign.applyAsDouble(share) * Math.sqrt(Math.abs(share.scaledWeight())))
                .toArray();
        List<double[]> tensors = module.shares().stream()
                .map(share -> pruned(module, settings, part, share, matrix.apply(share.factors())))
                .toList();
        int columns = matrix.apply(module.shares().get(0).factors()).columns();
        return Matrix.ofFlat(joining.join(tensors, weights, settings.sign()), columns);
    }

    private double[] pruned(
            ModuleInputs module, Settings settings, DareMasks.Part part, ModuleInputs.Share share, Matrix matrix) {
        double[] tensor = matrix.flat();
        KeepMasks.Place place = new KeepMasks.Place(module.path(), part, share.adapter());
        return pruning.prune(tensor, settings.density(), () -> settings.masks().of(place, tensor.length));
    }

    @Override
    public boolean needsEqualRanks() {
        return true;
    }

    @Override
    public int peftRank(List<Integer> ranksOfAdapters, Integer wanted) {
        return Collections.max(ranksOfAdapters);
    }

    @Override
    public List<DareMasks.Part> maskedParts() {
        return List.of(DareMasks.Part.A, DareMasks.Part.B);
    }
}
