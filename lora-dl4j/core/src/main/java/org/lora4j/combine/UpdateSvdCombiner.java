/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.List;
import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;

/**
 * Prunes and joins the updates, which are formed in full, and approximates the outcome by the wanted rank.
 *
 * @param pruning which elements take part
 * @param joining how they become one
 */
record UpdateSvdCombiner(Pruning pruning, Joining joining) implements SvdCombiner {

    @Override
    public SingularValues singularValues(ModuleInputs module, Settings settings) {
        return SingularValues.leading(update(module, settings), settings.rank());
    }

    @Override
    public Matrix update(ModuleInputs module, Settings settings) {
        // The updates already hold the scaling; PEFT multiplies it in once more.
        double[] weights = module.shares().stream()
                .mapToDouble(share -> settings.peftCompatible() ? share.scaledWeight() : share.weight())
                .toArray();
        List<double[]> tensors = module.shares().stream()
                .map(share -> pruned(module.path(), share, settings))
                .toList();
        double[] joined = joining.join(tensors, weights, settings.sign());
        return Matrix.ofFlat(joined, module.layout().fanIn());
    }

    private double[] pruned(String path, ModuleInputs.Share share, Settings settings) {
        double[] update = share.factors().update().flat();
        KeepMasks.Place place = new KeepMasks.Place(path, DareMasks.Part.UPDATE, share.adapter());
        return pruning.prune(update, settings.density(), () -> settings.masks().of(place, update.length));
    }
}
