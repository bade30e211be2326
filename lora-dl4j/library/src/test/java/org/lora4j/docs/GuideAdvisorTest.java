/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lora4j.advice.Suitability;
import org.lora4j.advice.Suitability.Verdict;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.ProgressListener;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Validation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/advisor.md on suitability and on signs while training. */
class GuideAdvisorTest {

    private static final Logger log = LoggerFactory.getLogger(GuideAdvisorTest.class);

    private final AdaptedSameDiff model = AdaptedSameDiff.of(UserGraph.create());
    private final LoraConfig config = LoraConfig.builder()
            .rank(2)
            .targetModules(ModuleSelector.allLinear())
            .build();
    private final DataSet examples = UserGraph.examples(2);
    private final DataSet someTrainingExamples = examples;
    private final List<Batch> batches = List.of(
            Batch.of(Map.of("input", examples.getFeatures(), "labels", examples.getLabels()), examples.numExamples()));
    private final Batches shuffled = Batches.shuffled(batches);
    private final TrainingPlan plan = TrainingPlan.builder().epochs(3).build();
    private final Validation validation = Validation.higherIsBetter("accuracy", () -> accuracy(UserGraph.examples(3)));

    private double accuracy(DataSet of) {
        INDArray scores =
                model.output(Map.of("input", of.getFeatures()), "scores").get("scores");
        INDArray told = scores.argMax(1);
        INDArray labels = of.getLabels().argMax(1);
        return IntStream.range(0, of.numExamples())
                .map(i -> told.getInt(i) == labels.getInt(i) ? 1 : 0)
                .average()
                .orElseThrow();
    }

    @Test
    void beforeTraining_andAfter() {
        float[][] features = model.output(Map.of("input", examples.getFeatures()), "dense2/output")
                .get("dense2/output")
                .toFloatMatrix();
        float[][] inputs = examples.getFeatures().toFloatMatrix();
        int[] labels = examples.getLabels().argMax(1).toIntVector();

        Suitability forecast = Suitability.beforeTraining(features, labels)
                .inputs(inputs) // the same examples as the base gets them
                .gradients(model, model, config, batches)
                .forecast();
        System.out.println(forecast); // suitability: LoRA of rank 8: a head on the frozen base reaches ...
        model.addAdapter("task", config, 1);
        model.activate("task");
        TrainingResult result =
                Trainer.builder(model).plan(plan).validation(validation).build().train(shuffled);
        result.signs().forEach(System.out::println); // sign of overfitting: ... Stop early, or try ...

        assertThat(forecast.verdict()).isNotEqualTo(Verdict.UNKNOWN);
        assertThat(result.steps()).isEqualTo(3);
    }

    @Test
    void afterTraining() {
        Suitability verdict = Suitability.afterTraining(1000) // held-out examples
                .head(0.80)
                .rank(2, 0.93)
                .rank(8, 0.95) // the validation curve of the ranks
                .full(0.955)
                .inputs(0.85) // a head on the inputs themselves, without the base
                .judge();

        assertThat(verdict.verdict()).isEqualTo(Verdict.LORA);
        assertThat(verdict.rank()).hasValue(8);
    }

    @Test
    void trainingMetric() {
        model.addAdapter("task", config, 1);
        model.activate("task");

        Trainer trainer = Trainer.builder(model)
                .plan(plan)
                .validation(validation)
                .trainingMetric(() -> accuracy(someTrainingExamples)) // the gap, for a forward pass after every epoch
                .listener(ProgressListener.to(log::info))
                .build();

        assertThat(trainer.train(shuffled).signs()).isEmpty();
    }
}
