/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.format.peft.PeftFile;
import org.lora4j.format.peft.PeftKey;
import org.lora4j.format.peft.PeftKeys;
import org.lora4j.model.TrainableParameter;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Optimizer;
import org.lora4j.train.Sgd;
import org.lora4j.train.StepReport;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Three training steps of an adapted graph against those of PEFT and torch.optim. */
class PeftTrainingTest {

    static Stream<Arguments> cases() {
        return Stream.of(
                Arguments.of("train-dora-adamw", AdamW.of(1e-2)),
                Arguments.of("train-mlp-adamw", AdamW.of(1e-2)),
                Arguments.of("train-mlp-modules-to-save", AdamW.of(1e-2)),
                Arguments.of("train-mlp-sgd", Sgd.of(0.1)),
                Arguments.of("train-mlp-sgd-momentum", Sgd.of(0.1).withMomentum(0.9)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void train_givesLossesAndTensorsOfPeft(String name, Optimizer optimizer) throws Exception {
        PeftCase golden = PeftCase.open(name);
        withMeanSquaredError(golden);
        AdaptedSameDiff model = AdaptedSameDiff.of(golden.graph);
        model.addAdapter("default", start(golden));
        model.activate("default");
        model.setTrainable("default", true);
        List<Integer> compared = new ArrayList<>();
        TrainingListener compare = new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
                Map<String, INDArray> values = new LinkedHashMap<>();
                model.trainableParameters().forEach(p -> values.put(p.name(), p.value()));
                String prefix = "step" + report.step() + ".";
                PeftGradients.of(model.live("default"), values)
                        .forEach((key, value) -> golden.assertClose(value, golden.io.get(prefix + key)));
                compared.add(values.size());
            }
        };

        TrainingResult result = Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .steps(3)
                        .optimizer(optimizer)
                        .decayBiasAndNorm(true)
                        .build())
                .listener(compare)
                .build()
                .train(Batches.inOrder(List.of(batch(golden))));

        long tensors = golden.io.keySet().stream()
                .filter(key -> key.startsWith("start."))
                .count();
        assertThat(compared).hasSize(3).allMatch(count -> count == tensors);
        for (int i = 0; i < 3; i++) {
            assertThat(result.losses().get(i)).isCloseTo(golden.io.get("losses").getDouble(i), within(2e-5));
        }
    }

    private static void withMeanSquaredError(PeftCase golden) {
        SameDiff graph = golden.graph;
        SDVariable target = graph.placeHolder(
                "target", DataType.FLOAT, -1, golden.io.get("target").size(1));
        SDVariable difference = graph.getVariable("y").sub(target);
        difference.mul(difference).mean("mse");
        graph.setLossVariables("mse");
    }

    private static Batch batch(PeftCase golden) {
        INDArray x = golden.io.get("x");
        return Batch.of(Map.of("x", x, "target", golden.io.get("target")), (int) x.size(0));
    }

    /** The adapter of the case as it was before training. */
    private static Adapter start(PeftCase golden) throws Exception {
        Adapter trained = Adapter.load(golden.directory);
        Map<String, Map<String, INDArray>> modules = new TreeMap<>();
        Map<String, INDArray> saved = new TreeMap<>();
        golden.io.forEach((key, value) -> {
            if (!key.startsWith("start.")) {
                return;
            }
            PeftKey meaning = PeftKeys.parse(key.substring("start.".length()));
            if (meaning instanceof PeftKey.Factor factor) {
                modules.computeIfAbsent(factor.modulePath(), path -> new TreeMap<>())
                        .put(factor.tensor().suffix(), value);
            } else if (meaning instanceof PeftKey.Saved parameter) {
                saved.put(parameter.parameterPath(), value);
            }
        });
        return Adapter.of(PeftFile.of(trained.config()), modules, saved);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void firstGradients_arePefts(String name, Optimizer optimizer) throws Exception {
        PeftCase golden = PeftCase.open(name);
        withMeanSquaredError(golden);
        AdaptedSameDiff model = AdaptedSameDiff.of(golden.graph);
        model.addAdapter("default", start(golden));
        model.activate("default");
        model.setTrainable("default", true);

        Map<String, INDArray> gradients =
                model.executor().gradients(batch(golden).placeholders(), 1).gradients();

        Map<String, INDArray> byKey = PeftGradients.of(model.live("default"), gradients);
        byKey.forEach((key, gradient) -> golden.assertClose(gradient, golden.io.get("grad0." + key)));
        assertThat(byKey)
                .hasSameSizeAs(model.trainableParameters().stream()
                        .map(TrainableParameter::name)
                        .toList());
    }
}
