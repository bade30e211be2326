/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import org.lora4j.internal.array.Matrix;
import org.lora4j.internal.array.SingularValues;

/** The weighted sum of the updates at a lower rank. The sum itself, which may be large, is not formed for that. */
record SumSvdCombiner() implements SvdCombiner {

    @Override
    public SingularValues singularValues(ModuleInputs module, Settings settings) {
        MatrixPair sum = ConcatenationCombiner.concatenated(module, settings.peftCompatible());
        return SingularValues.ofProduct(sum.b(), sum.a());
    }

    @Override
    public Matrix update(ModuleInputs module, Settings settings) {
        MatrixPair sum = ConcatenationCombiner.concatenated(module, settings.peftCompatible());
        return sum.b().times(sum.a());
    }
}
