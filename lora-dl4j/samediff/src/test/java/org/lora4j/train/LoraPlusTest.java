/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.Problems;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** Which parameter gets which rate and decay, as PEFT's create_loraplus_optimizer (peft/optimizers/loraplus.py) says. */
class LoraPlusTest {

    private static AdaptedSameDiff model(boolean dora) {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT32, -1);
        SDVariable table = graph.var("embed.weight", Nd4j.rand(DataType.FLOAT, 7, 4));
        SDVariable weight = graph.var("fc.weight", Nd4j.rand(DataType.FLOAT, 4, 3));
        SDVariable bias = graph.var("fc.bias", Nd4j.rand(DataType.FLOAT, 3));
        SDVariable head = graph.var("head.weight", Nd4j.rand(DataType.FLOAT, 3, 2));
        SDVariable headBias = graph.var("head.bias", Nd4j.rand(DataType.FLOAT, 2));
        SDVariable hidden = graph.gather(table, ids, 0).mmul(weight).add(bias);
        hidden.mmul(head).add("scores", headBias).mean("loss");
        graph.setLossVariables("loss");
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targetModules("embed", "fc")
                .modulesToSave("head")
                .bias(BiasTraining.ALL)
                .initialization(Initialization.RANDOM)
                .dora(dora)
                .build();
        return DefaultAdapter.fresh(AdaptedSameDiff.of(graph), config, 1);
    }

    @ParameterizedTest
    @CsvSource({"false, 7", "true, 9"})
    void ratesAndDecays_withBiasesAndASavedHead_areThoseOfPeft(boolean dora, int parametersInAll) {
        List<TrainableParameter> parameters = model(dora).trainableParameters();
        TrainingPlan plan = TrainingPlan.builder()
                .steps(1)
                .optimizer(AdamW.of(1e-3).withWeightDecay(0.05))
                .loraPlus(16)
                .build();
        Problems problems = new Problems();

        Map<String, String> found = new TreeMap<>();
        for (ParameterSetting setting : ParameterSetting.of(parameters, plan, problems)) {
            found.put(setting.name().replaceAll("^.*/", ""), setting.learningRate(1e-3) + " " + setting.weightDecay());
        }

        assertThat(problems.isEmpty()).isTrue();
        assertThat(found)
                .hasSize(parametersInAll)
                .allSatisfy((name, rate) -> assertThat(rate).as(name).isEqualTo(expected(name)));
    }

    private static String expected(String name) {
        if (name.contains("lora_embedding_")) {
            return "1.0E-6 0.05";
        }
        if (name.contains("magnitude")) {
            return "0.016 0.05";
        }
        if (name.contains("bias")) {
            return "0.016 0.0";
        }
        return name.contains("lora_B") ? "0.016 0.05" : "0.001 0.05";
    }
}
