/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.List;
import org.lora4j.continual.ContinualLearner;
import org.lora4j.continual.ContinualTask;
import org.lora4j.integration.datasets.LabeledText;
import org.nd4j.autodiff.samediff.SameDiff;

/** A way to learn task after task. */
abstract class Strategy implements ContinualLearner<LabeledText> {

    private final String name;
    private final Intents intents;
    private final Settings settings;
    private final Inputs inputs;
    private final Training training;

    Strategy(String name, Intents intents, Settings settings, Inputs inputs) {
        this.name = name;
        this.intents = intents;
        this.settings = settings;
        this.inputs = inputs;
        this.training = new Training(settings);
    }

    String name() {
        return name;
    }

    Intents intents() {
        return intents;
    }

    Settings settings() {
        return settings;
    }

    Inputs inputs() {
        return inputs;
    }

    Training training() {
        return training;
    }

    /** The graph that tells the classes of a task now. */
    abstract SameDiff graph(String task);

    /** How many numbers have to be kept beside the base after all tasks. */
    abstract long parameters();

    /** The logits of the test texts of a task. */
    Logits logits(ContinualTask<LabeledText> task) {
        return Logits.of(graph(task.name()), inputs, intents.test(task));
    }

    /** With the task known: the best class of its own head. */
    @Override
    public double accuracy(ContinualTask<LabeledText> task) {
        return accuracy(task, logits(task));
    }

    double accuracy(ContinualTask<LabeledText> task, Logits logits) {
        int from = from(task.name());
        int right = 0;
        List<LabeledText> texts = task.test();
        for (int i = 0; i < texts.size(); i++) {
            if (logits.best(i, from, from + intents.classesOfTask()) == intents.classOf(texts.get(i))) {
                right++;
            }
        }
        return (double) right / texts.size();
    }

    /** The number of a task's first class. */
    int from(String task) {
        return intents.names().indexOf(task) * intents.classesOfTask();
    }
}
