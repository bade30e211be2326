/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Three steps of every optimizer against what torch.optim 2.6 did to a PEFT model (fixtures {@code train-*}). */
class OptimizerGoldenTest {

    // Tighter than the 2e-5 of the fixtures: float rounding of three steps.
    private static final double TOLERANCE = 2e-6;

    private static TrainingPlan.Builder plan(Optimizer optimizer) {
        return TrainingPlan.builder().steps(3).optimizer(optimizer);
    }

    static Stream<Arguments> cases() {
        return Stream.of(
                Arguments.of("train-mlp-adamw", plan(AdamW.of(1e-2))),
                Arguments.of("train-mlp-adam-ce", plan(AdamOptimizer.of(1e-2))),
                Arguments.of("train-mlp-sgd", plan(SgdOptimizer.of(0.1))),
                Arguments.of("train-mlp-sgd-momentum", plan(SgdOptimizer.of(0.1).withMomentum(0.9))),
                Arguments.of("train-mlp-modules-to-save", plan(AdamW.of(1e-2)).decayBiasAndNorm(true)),
                Arguments.of("train-loraplus-sgd", plan(SgdOptimizer.of(0.02)).loraPlus(8)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void train_threeSteps_givesLossesAndParametersOfPyTorch(String name, TrainingPlan.Builder plan) {
        GoldenCase golden = GoldenCase.read(name);
        LoraMlp model = new LoraMlp(golden, name.endsWith("-ce"));
        RunListener compare = new RunListener() {
            @Override
            public void onStep(StepReport report) {
                for (TrainableParameter p : model.trainableParameters()) {
                    assertClose(p.value(), golden.io("step" + report.step() + "." + p.name()), p.name());
                }
            }
        };

        TrainingResult result = Trainer.builder(model)
                .plan(plan.build())
                .listener(compare)
                .build()
                .train(Batches.inOrder(List.of(LoraMlp.batch(golden))));

        assertThat(result.losses()).hasSize(3);
        for (int i = 0; i < 3; i++) {
            assertThat(result.losses().get(i)).isCloseTo(golden.io("losses").getDouble(i), within(TOLERANCE));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void handWrittenModel_hasTheGradientsOfPyTorch(String name, TrainingPlan.Builder plan) {
        GoldenCase golden = GoldenCase.read(name);
        LoraMlp model = new LoraMlp(golden, name.endsWith("-ce"));

        var gradients = model.gradients(LoraMlp.batch(golden).placeholders(), 0).gradients();

        for (TrainableParameter p : model.trainableParameters()) {
            assertClose(gradients.get(p.name()), golden.io("grad0." + p.name()), p.name());
        }
    }

    private static void assertClose(INDArray actual, INDArray expected, String name) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        double[] found = actual.dup('c').data().asDouble();
        double[] wanted = expected.dup('c').data().asDouble();
        for (int i = 0; i < wanted.length; i++) {
            assertThat(found[i]).as("%s[%d]", name, i).isCloseTo(wanted[i], within(TOLERANCE));
        }
    }
}
