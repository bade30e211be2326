/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.exec.NativeThreads;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Steps of the training loop: gradients and AdamW. Several threads share the batch. */
final class TrainingSteps {

    private TrainingSteps() {}

    /** Each in the wall time that the loop itself reports; processor time is shared out evenly. */
    static Contender of(String key, String label, Trainable whole, Map<String, INDArray> batch, int steps) {
        Trainable model = whole.inParallel(Turn.THREADS);
        long parameters = model.trainableParameters().stream()
                .mapToLong(p -> p.value().length())
                .sum();
        String name = String.format(Locale.ROOT, "%s, step (%,d parameters)", label, parameters);
        return new Contender(key, name, () -> run(model, batch, steps));
    }

    /** Steps of a model that shares batches already; a turn each. */
    static List<Turn> run(Trainable model, Map<String, INDArray> batch, int steps) {
        return run(model, batch, steps, () -> {});
    }

    /** The same, with something else after each step. */
    static List<Turn> run(Trainable model, Map<String, INDArray> batch, int steps, Runnable after) {
        List<Turn> turns = new ArrayList<>();
        TrainingPlan plan = TrainingPlan.builder()
                .steps(steps)
                .optimizer(AdamW.of(MiniLmModels.RATE))
                .seed(MiniLmModels.SEED)
                .build();
        long[] cpu = {0};
        Trainer trainer = Trainer.builder(model)
                .plan(plan)
                .listener(new RunListener() {
                    @Override
                    public void onStep(StepReport report) {
                        long now = Turn.cpu();
                        turns.add(new Turn(report.seconds(), (now - cpu[0]) / 1e9));
                        after.run();
                        cpu[0] = Turn.cpu();
                    }
                })
                .build();
        NativeThreads.one(() -> {
            cpu[0] = Turn.cpu();
            trainer.train(Batches.inOrder(List.of(Batch.of(batch, rows(batch)))));
        });
        return turns;
    }

    private static int rows(Map<String, INDArray> batch) {
        return Math.toIntExact(batch.values().iterator().next().size(0));
    }
}
