/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.classification.sgd.objectives.LogMulticlass;
import org.tribuo.math.optimisers.AdaGrad;
import org.tribuo.multilabel.MultiLabel;
import org.tribuo.multilabel.sgd.objectives.BinaryCrossEntropy;
import org.tribuo.regression.Regressor;
import org.tribuo.regression.sgd.objectives.SquaredLoss;

/** Tribuo's linear trainers, by which the suite itself is judged. */
class LinearSgdConformanceTest {

    private static final int EPOCHS = 50;
    private static final int NEVER_LOG = 1_000_000;

    @Nested
    class OfLabels extends LabelTrainerConformance {

        @Override
        public Trainer<Label> trainer(long seed) {
            return new org.tribuo.classification.sgd.linear.LinearSGDTrainer(
                    new LogMulticlass(), new AdaGrad(0.5, 0.1), EPOCHS, NEVER_LOG, seed);
        }

        @Override
        public Map<String, String> limits() {
            return TribuoLimits.OF_GRADIENT_DESCENT;
        }
    }

    @Nested
    class OfRegressors extends TrainerConformance<Regressor> {

        @Override
        public Task<Regressor> task() {
            return new RegressionTask();
        }

        @Override
        public Trainer<Regressor> trainer(long seed) {
            return new org.tribuo.regression.sgd.linear.LinearSGDTrainer(
                    new SquaredLoss(), new AdaGrad(2, 0.1), EPOCHS, NEVER_LOG, seed);
        }

        @Override
        public Map<String, String> limits() {
            return TribuoLimits.OF_GRADIENT_DESCENT;
        }
    }

    @Nested
    class OfMultiLabels extends TrainerConformance<MultiLabel> {

        @Override
        public Task<MultiLabel> task() {
            return new MultiLabelTask();
        }

        @Override
        public Trainer<MultiLabel> trainer(long seed) {
            return new org.tribuo.multilabel.sgd.linear.LinearSGDTrainer(
                    new BinaryCrossEntropy(), new AdaGrad(1, 0.1), EPOCHS, NEVER_LOG, seed);
        }

        @Override
        public Map<String, String> limits() {
            return TribuoLimits.OF_GRADIENT_DESCENT;
        }
    }
}
