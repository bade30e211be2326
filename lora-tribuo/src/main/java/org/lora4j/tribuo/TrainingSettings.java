/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.lora4j.error.Problems;
import org.lora4j.train.EarlyStopping;
import org.lora4j.train.GradientClipping;
import org.lora4j.train.ParameterGroup;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Warmup;

/** The numbers of a trainer, checked together. */
record TrainingSettings(
        Optimiser optimiser,
        double learningRate,
        double headLearningRate,
        double weightDecay,
        Schedule schedule,
        double warmupFraction,
        double clipNorm,
        int epochs,
        int batchSize,
        int predictionBatchSize,
        double validationFraction,
        int patience,
        int loggingInterval,
        boolean shuffle,
        HeadMode headMode,
        List<String> outputNames,
        ModelFormat modelFormat,
        boolean widenDomain,
        Optional<Path> initialAdapter) {

    /** Everything that is wrong. */
    Problems problems() {
        Problems problems = new Problems();
        problems.check(optimiser != null, "optimiser = null, expected one such as ADAMW");
        problems.check(schedule != null, "schedule = null, expected one such as CONSTANT");
        problems.check(headMode != null, "headMode = null, expected NEW or REUSE");
        problems.check(modelFormat != null, "modelFormat = null, expected ADAPTER_ONLY or SELF_CONTAINED");
        problems.finiteAboveZero("learningRate", learningRate);
        problems.finiteFromZero("headLearningRate", headLearningRate);
        problems.finiteFromZero("weightDecay", weightDecay);
        problems.finiteFromZero("clipNorm", clipNorm);
        fraction("warmupFraction", warmupFraction, problems);
        fraction("validationFraction", validationFraction, problems);
        problems.atLeast("epochs", epochs, 1);
        problems.atLeast("batchSize", batchSize, 1);
        problems.atLeast("predictionBatchSize", predictionBatchSize, 1);
        problems.atLeast("patience", patience, 0);
        problems.atLeast("loggingInterval", loggingInterval, 0);
        problems.check(
                patience == 0 || validationFraction > 0,
                "patience = " + patience + " with validationFraction = 0, expected examples to validate on");
        problems.check(
                headMode != HeadMode.REUSE || !outputNames.isEmpty(),
                "headMode = REUSE without outputNames, expected the names of the base's outputs in their order");
        problems.check(
                headMode != HeadMode.NEW || outputNames.isEmpty(),
                "outputNames with headMode = NEW, whose rows go by name; expected none");
        return problems;
    }

    private static void fraction(String name, double value, Problems problems) {
        problems.check(value >= 0 && value < 1, name + " = " + value + ", expected from 0 to below 1");
    }

    TrainingPlan plan(String head, long seed, boolean validates, boolean mayStandStill) {
        TrainingPlan.Builder plan = TrainingPlan.builder()
                .epochs(epochs)
                .optimizer(optimiser.of(learningRate, weightDecay))
                .schedule(schedule.of(warmupFraction > 0 ? Warmup.fraction(warmupFraction) : Warmup.none()))
                .seed(seed);
        if (headLearningRate > 0 && headMode == HeadMode.NEW) {
            plan.group(ParameterGroup.matchingModule(Pattern.quote(head)).withLearningRate(headLearningRate));
        }
        if (clipNorm > 0) {
            plan.clipping(GradientClipping.byGlobalNorm(clipNorm));
        }
        if (validates && patience > 0) {
            plan.earlyStopping(EarlyStopping.patience(patience));
        }
        if (mayStandStill) {
            plan.allowWithoutGradient(".*");
        }
        return plan.keepBest(validates).build();
    }
}
