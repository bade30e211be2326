/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Leaves a parameter as it is. */
final class FixedUpdater implements ParameterUpdater {

    private long updates;

    @Override
    public void update(INDArray gradient, UpdateStep step) {
        updates++;
    }

    @Override
    public OptimizerState state() {
        return new OptimizerState(updates, Map.of());
    }

    @Override
    public void restore(OptimizerState state) {
        if (!state.arrays().isEmpty()) {
            throw new IllegalArgumentException(
                    "optimizer state: arrays " + state.arrays().keySet()
                            + " for a parameter that stays as it is; expected none. Resume with the optimizer that wrote the"
                            + " checkpoint.");
        }
        updates = state.updates();
    }
}
