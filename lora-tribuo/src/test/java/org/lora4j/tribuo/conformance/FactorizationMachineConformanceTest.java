/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.classification.sgd.fm.FMClassificationTrainer;
import org.tribuo.classification.sgd.objectives.LogMulticlass;
import org.tribuo.math.optimisers.AdaGrad;
import org.tribuo.multilabel.MultiLabel;
import org.tribuo.multilabel.sgd.fm.FMMultiLabelTrainer;
import org.tribuo.multilabel.sgd.objectives.BinaryCrossEntropy;
import org.tribuo.regression.Regressor;
import org.tribuo.regression.sgd.fm.FMRegressionTrainer;
import org.tribuo.regression.sgd.objectives.SquaredLoss;

/**
 * Tribuo's factorization machines: start values from the seed, and in regression targets that are standardized. They judge the
 * suite, as {@link LinearSgdConformanceTest} does by default.
 */
@Tag("thorough")
class FactorizationMachineConformanceTest {

    private static final int EPOCHS = 50;
    private static final int NEVER_LOG = 1_000_000;
    private static final int FACTORS = 3;
    private static final double START_VARIANCE = 0.1;

    @Nested
    class OfLabels extends LabelTrainerConformance {

        @Override
        public Trainer<Label> trainer(long seed) {
            return new FMClassificationTrainer(
                    new LogMulticlass(), new AdaGrad(0.3, 0.1), EPOCHS, NEVER_LOG, seed, FACTORS, START_VARIANCE);
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
            return new FMRegressionTrainer(
                    new SquaredLoss(),
                    new AdaGrad(0.05, 0.1),
                    4 * EPOCHS,
                    NEVER_LOG,
                    seed,
                    FACTORS,
                    START_VARIANCE,
                    true);
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
            return new FMMultiLabelTrainer(
                    new BinaryCrossEntropy(), new AdaGrad(0.3, 0.1), EPOCHS, NEVER_LOG, seed, FACTORS, START_VARIANCE);
        }

        @Override
        public Map<String, String> limits() {
            return TribuoLimits.OF_GRADIENT_DESCENT;
        }
    }
}
