/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.train.FitSettings;
import org.lora4j.train.GradientClipping;
import org.lora4j.train.ParameterGroup;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Warmup;
import org.lora4j.trust.PreflightRule;

/** The properties of a trainer as the settings that every way to train has. */
final class TrainingSettings extends FitSettings<TrainingSettings> {

    private static final Map<String, PreflightRule> RULES =
            Arrays.stream(PreflightRule.values()).collect(Collectors.toMap(PreflightRule::name, rule -> rule));

    private final LoraTrainer<?> trainer;

    TrainingSettings(LoraTrainer<?> trainer) {
        // No patience is 0 here, and texts have no tokens to count.
        super(trainer.epochs, Math.max(1, trainer.patience), 1);
        this.trainer = trainer;
        validationFraction(trainer.validationFraction).seed(trainer.seed);
        RULES.entrySet().stream()
                .filter(rule -> trainer.allow.contains(rule.getKey()))
                .forEach(rule -> allow(rule.getValue()));
    }

    @Override
    protected TrainingSettings self() {
        return this;
    }

    @Override
    protected double defaultRate(boolean allWeights) {
        return trainer.learningRate;
    }

    /** Everything that is wrong. */
    @Override
    protected void check(Problems problems) {
        problems.check(trainer.optimiser != null, "optimiser = null, expected one such as ADAMW");
        problems.check(trainer.schedule != null, "schedule = null, expected one such as CONSTANT");
        problems.check(trainer.headMode != null, "headMode = null, expected NEW or REUSE");
        problems.check(trainer.modelFormat != null, "modelFormat = null, expected ADAPTER_ONLY or SELF_CONTAINED");
        super.check(problems);
        trainer.allow.forEach(rule -> problems.check(
                RULES.containsKey(rule),
                "allow has " + MessageText.name(rule) + ", expected some of " + Problems.quoted(new TreeSet<>(RULES.keySet()))));
        problems.finiteFromZero("headLearningRate", trainer.headLearningRate);
        problems.finiteFromZero("weightDecay", trainer.weightDecay);
        problems.finiteFromZero("clipNorm", trainer.clipNorm);
        problems.check(
                trainer.warmupFraction >= 0 && trainer.warmupFraction < 1,
                "warmupFraction = " + trainer.warmupFraction + ", expected from 0 to below 1");
        problems.atLeast("batchSize", trainer.batchSize, 1);
        problems.atLeast("predictionBatchSize", trainer.predictionBatchSize, 1);
        problems.atLeast("patience", trainer.patience, 0);
        problems.atLeast("loggingInterval", trainer.loggingInterval, 0);
        problems.check(
                trainer.patience == 0 || validates(),
                "patience = " + trainer.patience + " with validationFraction = 0, expected examples to validate on");
        problems.check(
                trainer.headMode != HeadMode.REUSE || !trainer.outputNames.isEmpty(),
                "headMode = REUSE without outputNames, expected the names of the base's outputs in their order");
        problems.check(
                trainer.headMode != HeadMode.NEW || trainer.outputNames.isEmpty(),
                "outputNames with headMode = NEW, whose rows go by name; expected none");
    }

    boolean validates() {
        return trainer.validationFraction > 0;
    }

    /** The plan of one run, which has a seed of its own. */
    TrainingPlan plan(String head, long runSeed, boolean mayStandStill) {
        return options().plan(validates() && trainer.patience > 0, plan -> {
            Warmup warmup = trainer.warmupFraction > 0 ? Warmup.fraction(trainer.warmupFraction) : Warmup.none();
            plan.optimizer(trainer.optimiser.of(trainer.learningRate, trainer.weightDecay))
                    .schedule(trainer.schedule.of(warmup))
                    .seed(runSeed)
                    .keepBest(validates());
            if (trainer.headLearningRate > 0 && trainer.headMode == HeadMode.NEW) {
                plan.group(
                        ParameterGroup.matchingModule(Pattern.quote(head)).withLearningRate(trainer.headLearningRate));
            }
            if (trainer.clipNorm > 0) {
                plan.clipping(GradientClipping.byGlobalNorm(trainer.clipNorm));
            }
            return mayStandStill ? plan.allowWithoutGradient(".*") : plan;
        });
    }
}
