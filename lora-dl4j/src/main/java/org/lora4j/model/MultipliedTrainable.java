/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import java.util.List;
import java.util.Objects;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.kernel.Multiplier;

/** A model whose matrices are multiplied in another way. */
final class MultipliedTrainable implements Trainable {

    private final Trainable model;
    private final Multiplier multiplier;
    private GraphExecutor plain;
    private GraphExecutor multiplied;

    MultipliedTrainable(Trainable model, Multiplier multiplier) {
        this.model = model;
        this.multiplier = Objects.requireNonNull(
                multiplier, "multipliedBy: multiplier is null; expected one such as Multiplier.nd4j()");
    }

    @Override
    public List<TrainableParameter> trainableParameters() {
        return model.trainableParameters();
    }

    // The model makes a new executor when its state changes.
    @Override
    public GraphExecutor executor() {
        GraphExecutor now = model.executor();
        if (now != plain) {
            multiplied = now.withProducts(multiplier);
            plain = now;
        }
        return multiplied;
    }
}
