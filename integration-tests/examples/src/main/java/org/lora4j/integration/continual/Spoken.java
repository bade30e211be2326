/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.Locale;
import java.util.function.Consumer;
import org.lora4j.continual.ContinualLearner;
import org.lora4j.continual.ContinualTask;
import org.lora4j.integration.datasets.LabeledText;

/** Tells how far a strategy is. */
final class Spoken implements ContinualLearner<LabeledText> {

    private final Strategy strategy;
    private final Consumer<String> out;
    private ContinualTask<LabeledText> latest;

    Spoken(Strategy strategy, Consumer<String> out) {
        this.strategy = strategy;
        this.out = out;
    }

    @Override
    public void learn(ContinualTask<LabeledText> task) {
        strategy.learn(task);
        latest = task;
    }

    @Override
    public double accuracy(ContinualTask<LabeledText> task) {
        double accuracy = strategy.accuracy(task);
        if (task == latest) {
            out.accept(String.format(
                    Locale.ROOT, "%s: learned %s, accuracy %.3f", strategy.name(), task.name(), accuracy));
        }
        return accuracy;
    }
}
