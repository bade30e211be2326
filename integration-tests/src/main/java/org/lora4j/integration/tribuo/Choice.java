/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.tribuo;

import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.Output;
import org.tribuo.Trainer;
import org.tribuo.math.StochasticGradientOptimiser;
import org.tribuo.math.optimisers.AdaGrad;

/** Linear models with the settings that are best on a validation part, so that what LoRA is held against is a fair one. */
final class Choice {

    private static final List<Linear> GRID = List.of(new Linear(0.1, 50), new Linear(1, 50), new Linear(1, 120));

    private Choice() {}

    /** The settings of a linear model. */
    record Linear(double rate, int epochs) {

        StochasticGradientOptimiser optimiser() {
            return new AdaGrad(rate);
        }
    }

    static <T extends Output<T>> Model<T> best(
            Function<Linear, Trainer<T>> trainer, Dataset<T> train, ToDoubleFunction<Model<T>> onValidation) {
        Model<T> best = null;
        double bestMeasure = Double.NEGATIVE_INFINITY;
        for (Linear settings : GRID) {
            Model<T> model = trainer.apply(settings).train(train);
            double measure = onValidation.applyAsDouble(model);
            if (measure > bestMeasure) {
                bestMeasure = measure;
                best = model;
            }
        }
        return best;
    }
}
