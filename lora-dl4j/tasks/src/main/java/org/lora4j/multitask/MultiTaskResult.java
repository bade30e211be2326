/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.train.TrainingResult;

/**
 * What a run over several tasks did.
 *
 * @param training the run as a whole: its loss is the weighted one, its metric the mean of the tasks' metrics
 * @param epochs each task in each epoch, epoch after epoch, in the order of the tasks
 * @apiNote Status: experimental
 */
public record MultiTaskResult(TrainingResult training, List<TaskEpoch> epochs) {

    /**
     * Copies the list.
     *
     * @param training as in the record
     * @param epochs as in the record
     */
    public MultiTaskResult {
        epochs = List.copyOf(epochs);
    }

    /**
     * The metrics of the tasks for the parameters as they are now: after the best epoch if its parameters were restored,
     * else after the last one that was evaluated.
     *
     * @return values by task, of those that have a metric
     */
    public Map<String, Double> metrics() {
        Map<String, Double> metrics = new LinkedHashMap<>();
        boolean restored = training.bestRestored();
        int best = training.bestEpoch().orElse(0);
        for (TaskEpoch epoch : epochs) {
            if (epoch.metric().isPresent() && (!restored || epoch.epoch() == best)) {
                metrics.put(epoch.task(), epoch.metric().getAsDouble());
            }
        }
        return metrics;
    }
}
