/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdaLoraConfig;
import org.lora4j.method.StepRule;
import org.lora4j.random.RandomStreams;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.CheckpointChain;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.RunListener;
import org.lora4j.train.SgdOptimizer;
import org.lora4j.train.StepReport;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What golden cases do not show of AdaLoRA's budget: stops, the term of the loss, what is saved. */
class AdaLoraTrainingTest {

    private static final int STEPS = 8;

    @TempDir
    private Path folder;

    private final SplittableRandom random = new SplittableRandom(3);
    private final INDArray x = RandomStreams.uniform(random, 1, DataType.DOUBLE, 6, 4);
    private final INDArray target = RandomStreams.uniform(random, 1, DataType.DOUBLE, 6, 3);

    private static SameDiff graph() {
        SplittableRandom values = new SplittableRandom(5);
        SameDiff sd = SameDiff.create();
        SDVariable input = sd.placeHolder("x", DataType.DOUBLE, -1, 4);
        SDVariable labels = sd.placeHolder("target", DataType.DOUBLE, -1, 3);
        SDVariable one = sd.var("one.weight", RandomStreams.uniform(values, 1, DataType.DOUBLE, 4, 5));
        SDVariable two = sd.var("two.weight", RandomStreams.uniform(values, 1, DataType.DOUBLE, 5, 3));
        SDVariable y = sd.math().tanh(input.mmul("one/product", one)).mmul("y", two);
        y.sub(labels).mul(y.sub(labels)).mean("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static AdaLoraConfig.Builder config() {
        return AdaLoraConfig.builder()
                .initialRank(3)
                .targetRank(1)
                .schedule(1, 2, 2)
                .totalSteps(STEPS)
                .targetModules("one", "two");
    }

    private static AdaptedSameDiff model() {
        AdaptedSameDiff model = AdaptedSameDiff.of(graph());
        model.addAdapter("default", config().build(), 7);
        model.activate("default");
        return model;
    }

    private Trainer.Builder trainer(AdaptedSameDiff model) {
        return Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .steps(STEPS)
                        .optimizer(SgdOptimizer.of(0.5))
                        .build());
    }

    private Batches batches() {
        return Batches.inOrder(List.of(Batch.of(Map.of("x", x, "target", target), 6)));
    }

    private INDArray output(AdaptedSameDiff model) {
        return model.output(Map.of("x", x), "y").get("y").dup('c');
    }

    private static RunListener interruptAfter(long step) {
        return new RunListener() {
            @Override
            public void onStep(StepReport report) {
                if (report.step() == step) {
                    Thread.currentThread().interrupt();
                }
            }
        };
    }

    @Test
    void run_endsWithTheBudget_andItsFilesComputeTheSame() throws IOException {
        AdaptedSameDiff model = model();
        trainer(model).build().train(batches());

        Adapter trained = model.adapter("default");
        trained.save(folder);
        AdaptedSameDiff again = AdaptedSameDiff.of(graph());
        again.addAdapter("default", Adapter.load(folder));
        again.activate("default");

        AdaLoraConfig kept = (AdaLoraConfig) trained.config();
        assertThat(kept.rankOf("one") + kept.rankOf("two")).isBetween(2, 3);
        trained.modules()
                .forEach((path, factors) ->
                        assertThat(factors.get("lora_E").size(0)).isEqualTo(kept.rankOf(path)));
        assertThat(output(again).data().asDouble())
                .containsExactly(output(model).data().asDouble(), offset(1e-12));
        // Trained further, the ranks stay.
        again.setTrainable("default", true);
        trainer(again).build().train(batches());
        assertThat(again.adapter("default").config()).isEqualTo(kept);
    }

    @Test
    void resume_afterAStopAtAnyStep_endsWithTheBitsOfAnUninterruptedRun() {
        AdaptedSameDiff straight = model();
        trainer(straight).build().train(batches());

        for (int stop = 1; stop < STEPS; stop++) {
            Checkpoints checkpoints = Checkpoints.in(folder.resolve("stop" + stop));
            trainer(model())
                    .checkpoints(checkpoints)
                    .listener(interruptAfter(stop))
                    .build()
                    .train(batches());
            AdaptedSameDiff resumed = model();

            trainer(resumed).checkpoints(checkpoints).build().resume(batches());

            assertThat(resumed.adapter("default"))
                    .as("stopped after step %s", stop)
                    .isEqualTo(straight.adapter("default"));
        }
    }

    /** The config changes with each allocation, which must not reach the pieces that come after. */
    @Test
    void pieces_trainedAgain_endWithTheBitsOfTheRun() throws IOException {
        Path kept = folder.resolve("kept");
        AdaptedSameDiff straight = model();
        trainer(straight)
                .checkpoints(Checkpoints.in(kept).withEverySteps(2).withKeep(100))
                .build()
                .train(batches());
        List<CheckpointChain.Link> links = CheckpointChain.read(kept).links();
        assertThat(links).hasSize(STEPS / 2);
        Path again = folder.resolve("again");
        AdaptedSameDiff model = model();

        trainer(model)
                .checkpoints(Checkpoints.in(again)
                        .withKeep(100)
                        .withUntil(2)
                        .withPiece(links.get(1).file(), OptionalLong.of(6))
                        .withPiece(links.get(2).file(), OptionalLong.empty()))
                .build()
                .resume(batches());

        assertThat(model.adapter("default")).isEqualTo(straight.adapter("default"));
        assertThat(CheckpointChain.read(again).links())
                .extracting(link -> link.record().hash())
                .containsExactly(
                        links.get(0).record().hash(),
                        links.get(2).record().hash(),
                        links.get(3).record().hash());
    }

    @Test
    void resume_withAnotherBudget_isRefused() {
        Checkpoints checkpoints = Checkpoints.in(folder);
        trainer(model())
                .checkpoints(checkpoints)
                .listener(interruptAfter(2))
                .build()
                .train(batches());
        AdaptedSameDiff other = AdaptedSameDiff.of(graph());
        other.addAdapter("default", config().targetRank(2).build(), 7);
        other.activate("default");

        assertThatThrownBy(() -> trainer(other).checkpoints(checkpoints).build().resume(batches()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the rules of methods are");
    }

    @Test
    void stopBetweenAllocations_leavesNothingOut_thatGrewAgain() {
        AdaptedSameDiff model = model();
        // Masked in step 4 (from 0), stepped on in step 5.
        trainer(model)
                .checkpoints(Checkpoints.in(folder))
                .listener(interruptAfter(6))
                .build()
                .train(batches());

        INDArray live = output(model);
        AdaptedSameDiff again = AdaptedSameDiff.of(graph());
        again.addAdapter("default", model.adapter("default"));
        again.activate("default");

        assertThat(output(again).data().asDouble()).containsExactly(live.data().asDouble(), offset(1e-12));
    }

    @Test
    void penalty_hasTheGradientsOfDifferences() {
        AdaptedSameDiff model = model();
        StepRule rule = model.stepRules().get(0);
        Map<String, INDArray> values = new LinkedHashMap<>();
        for (TrainableParameter parameter : model.trainableParameters()) {
            values.put(parameter.name(), parameter.value());
        }

        rule.penalty(values).gradients().forEach((name, gradient) -> {
            INDArray value = values.get(name);
            double before = value.getDouble(0, 1);
            value.putScalar(0, 1, before + 1e-6);
            double up = rule.penalty(values).loss();
            value.putScalar(0, 1, before - 1e-6);
            double down = rule.penalty(values).loss();
            value.putScalar(0, 1, before);
            assertThat(gradient.getDouble(0, 1)).as(name).isCloseTo((up - down) / 2e-6, offset(1e-7));
        });
        assertThat(rule.penalty(values).gradients()).hasSize(4);
    }

    @Test
    void wrongBudget_isRefused_allAtOnce_andWithoutSteps() {
        assertThatThrownBy(() -> config().targetRank(4)
                        .schedule(5, 4, 1)
                        .betas(1, 0)
                        .orthogonality(0)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("targetRank = 4, expected at most initialRank = 3")
                .hasMessageContaining("initialSteps = 5 and finalSteps = 4 of totalSteps = 8, expected steps between")
                .hasMessageContaining("beta1 = 1.0, expected")
                .hasMessageContaining("beta2 = 0.0, expected")
                .hasMessageContaining("orthogonality = 0.0, expected");
        assertThatThrownBy(() -> AdaLoraConfig.builder().targetModules("one").build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("totalSteps is not set, expected the number of steps of the training");
    }
}
