/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import java.util.List;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Stands for the rounding of an activation to BF16 in the description of a plan. No graph has it: what a plan rounds depends on
 * what its steps take.
 *
 * @apiNote Status: internal
 */
public final class RoundingOp extends OwnOp {

    /** Of one array. */
    public RoundingOp() {
        super(1, null);
    }

    @Override
    public String opName() {
        return "lora4j_rounding";
    }

    @Override
    List<long[]> shapes(List<INDArray> in) {
        return List.of(in.get(0).shape());
    }

    @Override
    Kernel kernel(Multiplier multiplier) {
        return Kernels.rounding(multiplier).orElseThrow();
    }
}
