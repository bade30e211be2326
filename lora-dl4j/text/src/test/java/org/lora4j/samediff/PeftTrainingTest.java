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
import org.lora4j.internal.format.peft.PeftKey;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.train.AdamOptimizer;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Optimizer;
import org.lora4j.train.RunListener;
import org.lora4j.train.SgdOptimizer;
import org.lora4j.train.StepReport;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Three training steps of an adapted graph against those of PEFT and torch.optim. */
class PeftTrainingTest {

    static Stream<Arguments> cases() {
        return Stream.of(
                Arguments.of("train-dora-adamw", AdamW.of(1e-2)),
                Arguments.of("train-ia3-adam", AdamOptimizer.of(1e-2)),
                Arguments.of("train-loha-adamw", AdamW.of(1e-2)),
                Arguments.of("train-mlp-adamw", AdamW.of(1e-2)),
                Arguments.of("train-mlp-modules-to-save", AdamW.of(1e-2)),
                Arguments.of("train-mlp-adam-ce", AdamOptimizer.of(1e-2)),
                Arguments.of("train-bert-adamw-ce", AdamW.of(5e-3)),
                Arguments.of("train-mlp-sgd", SgdOptimizer.of(0.1)),
                Arguments.of("train-mlp-sgd-momentum", SgdOptimizer.of(0.1).withMomentum(0.9)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void train_givesLossesAndTensorsOfPeft(String name, Optimizer optimizer) throws Exception {
        PeftCase golden = PeftCase.open(name);
        withLoss(golden);
        AdaptedSameDiff model = AdaptedSameDiff.of(golden.graph);
        model.addAdapter("default", start(golden));
        model.activate("default");
        model.setTrainable("default", true);
        List<Integer> compared = new ArrayList<>();
        RunListener compare = new RunListener() {
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

    /** Mean squared error, or cross entropy where the targets are classes. */
    private static void withLoss(PeftCase golden) {
        SameDiff graph = golden.graph;
        SDVariable y = graph.getVariable("y");
        SDVariable target =
                graph.placeHolder("target", DataType.FLOAT, -1, target(golden).size(1));
        if (golden.io.get("target").rank() == 1) {
            SDVariable shifted = y.sub(y.max(true, 1));
            SDVariable logs =
                    shifted.sub(graph.math().log(graph.math().exp(shifted).sum(true, 1)));
            target.mul(logs).sum(1).mean("training_loss").neg("negative");
            graph.setLossVariables("negative");
        } else {
            SDVariable difference = y.sub(target);
            difference.mul(difference).mean("training_loss");
            graph.setLossVariables("training_loss");
        }
    }

    private static INDArray target(PeftCase golden) {
        INDArray target = golden.io.get("target");
        if (target.rank() > 1) {
            return target;
        }
        INDArray classes = Nd4j.zeros(
                DataType.FLOAT, target.length(), golden.io.get("y_base").size(1));
        for (long i = 0; i < target.length(); i++) {
            classes.putScalar(i, target.getLong(i), 1);
        }
        return classes;
    }

    private static Batch batch(PeftCase golden) {
        Map<String, INDArray> placeholders = new LinkedHashMap<>(golden.inputs());
        placeholders.put("target", target(golden));
        return Batch.of(placeholders, (int) golden.io.get("target").size(0));
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
        return Adapter.of(trained.config(), modules, saved);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void firstGradients_arePefts(String name, Optimizer optimizer) throws Exception {
        PeftCase golden = PeftCase.open(name);
        withLoss(golden);
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
