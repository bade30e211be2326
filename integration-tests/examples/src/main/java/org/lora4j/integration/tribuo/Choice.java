/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.tribuo;

import java.util.function.DoubleFunction;
import java.util.function.ToDoubleFunction;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.Output;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.classification.liblinear.LibLinearClassificationTrainer;
import org.tribuo.classification.liblinear.LinearClassificationType;
import org.tribuo.classification.liblinear.LinearClassificationType.LinearType;

/** Logistic regression with the cost that is best on a validation part, so that what LoRA is held against is a fair one. */
final class Choice {

    private static final double[] COSTS = {1, 10, 100, 1000};
    private static final double TOLERANCE = 1e-3;

    private Choice() {}

    static Trainer<Label> logistic(double cost) {
        return new LibLinearClassificationTrainer(new LinearClassificationType(LinearType.L2R_LR), cost, TOLERANCE);
    }

    static <T extends Output<T>> Model<T> best(
            DoubleFunction<Trainer<T>> trainer, Dataset<T> train, ToDoubleFunction<Model<T>> onValidation) {
        Model<T> best = null;
        double bestMeasure = Double.NEGATIVE_INFINITY;
        for (double cost : COSTS) {
            Model<T> model = trainer.apply(cost).train(train);
            double measure = onValidation.applyAsDouble(model);
            if (measure > bestMeasure) {
                bestMeasure = measure;
                best = model;
            }
        }
        return best;
    }
}
