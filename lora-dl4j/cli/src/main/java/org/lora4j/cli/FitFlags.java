/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.List;
import org.lora4j.error.MessageText;
import org.lora4j.train.AdamW;
import org.lora4j.train.FitSettings;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.RunListener;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Warmup;

/** Settings that every task has, told to its builder. */
final class FitFlags {

    private FitFlags() {}

    static void apply(FitSettings<?> builder, CliSettings settings, List<RunListener> listeners) {
        if (AdapterSettings.method(settings).equals(AdapterSettings.FULL)) {
            builder.fullFineTuning();
        } else if (!AdapterSettings.method(settings).equals(AdapterSettings.HEAD)) {
            AdapterSettings.config(settings).ifPresent(builder::adapter);
        }
        settings.integer(Setting.EPOCHS).ifPresent(builder::epochs);
        settings.integer(Setting.PATIENCE).ifPresent(builder::patience);
        settings.integer(Setting.TOKEN_BUDGET).ifPresent(builder::tokenBudget);
        settings.number(Setting.LEARNING_RATE).ifPresent(builder::learningRate);
        settings.number(Setting.VALIDATION_FRACTION).ifPresent(builder::validationFraction);
        settings.wide(Setting.SEED).ifPresent(builder::seed);
        settings.wide(Setting.EVALUATE_EVERY).ifPresent(builder::evaluateEvery);
        listeners.forEach(builder::listener);
        double rate = builder.options().learningRate();
        builder.plan(plan -> plan(plan, rate, settings));
    }

    private static TrainingPlan.Builder plan(TrainingPlan.Builder plan, double rate, CliSettings settings) {
        settings.number(Setting.WEIGHT_DECAY)
                .ifPresent(decay -> plan.optimizer(AdamW.of(rate).withWeightDecay(decay)));
        settings.integer(Setting.ACCUMULATION).ifPresent(plan::accumulation);
        if (settings.has(Setting.WARMUP) || settings.has(Setting.SCHEDULE)) {
            Warmup warmup = Warmup.fraction(settings.number(Setting.WARMUP).orElse(FitSettings.WARMUP));
            String name = settings.textOr(Setting.SCHEDULE);
            plan.schedule(
                    switch (name) {
                        case "linear" -> LearningRateSchedule.linear(warmup);
                        case "cosine" -> LearningRateSchedule.cosine(warmup);
                        case "constant", "constant_with_warmup" -> LearningRateSchedule.constant(warmup);
                        default ->
                            throw CliException.usage(
                                    "schedule = " + MessageText.name(name) + ", expected linear, cosine or constant");
                    });
        }
        return plan;
    }
}
