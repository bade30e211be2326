/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.HiraConfig;
import org.lora4j.config.Initialization;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.graph.GraphCopy;
import org.lora4j.method.AdapterMethod.Place;
import org.lora4j.method.HiraMethod;
import org.lora4j.samediff.OpPlan.Attachment;
import org.lora4j.samediff.OpPlan.Factor;
import org.lora4j.samediff.OpPlan.Leaf;
import org.lora4j.samediff.OpPlan.SitePlan;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Dropout of methods that change the weight: the update sees what is left of the input, the weight all of it. */
class DroppedWeightUpdateTest {

    @Test
    void dropout_actsOnTheUpdateAndNotOnTheBase() {
        FormCase.Maker m = new FormCase.Maker(DataType.DOUBLE);
        m.x("x", 2, 2).mmul(m.weight("m.weight", 2, 2)).add("y", m.weight("m.bias", 2));
        m.sd.getVariable("m.weight").setArray(Nd4j.createFromArray(new double[][] {{3, 1}, {4, 2}}));
        m.sd.getVariable("m.bias").setArray(Nd4j.createFromArray(10.0, 20.0));
        GraphModule module = GraphModules.find(m.sd).get("m");
        Map<String, Factor> factors = new LinkedHashMap<>();
        factors.put("hira_A", leaf("a", Nd4j.createFromArray(new double[][] {{1, 2}})));
        factors.put("hira_B", leaf("b", Nd4j.createFromArray(new double[][] {{5}, {7}})));
        Attachment hira = new Attachment(new HiraMethod(), Place.WEIGHT, factors, Map.of(), 1, "mask", null, null);
        GraphCopy copy = GraphCopy.of(m.sd);
        copy.rewrite(
                module.uses().get(0),
                new OpPlan(
                        List.of(new SitePlan(module.sites().get(0), null, false, List.of(), List.of(hira))),
                        new LeafUpdates()));

        INDArray y = copy.build()
                .output(
                        Map.of(
                                "x", Nd4j.createFromArray(new double[][] {{1, 1}}),
                                "mask", Nd4j.createFromArray(new double[][] {{2, 0}})),
                        "y")
                .get("y");

        // The base gives (7, 3) + (10, 20). As [in, out], the update is {3 * 5, 1 * 7}, {4 * 10, 2 * 14}; dropped x is
        // (2, 0).
        assertThat(y.data().asDouble()).containsExactly(17 + 30, 23 + 14);
    }

    private static Factor leaf(String name, INDArray array) {
        return new Factor(new Leaf(name, VariableType.VARIABLE, array), null);
    }

    @ParameterizedTest
    @MethodSource("org.lora4j.samediff.DoraInGraphsTest#formsWithActivations")
    void dropout_thatDropsNothing_computesWhatInferenceComputes(FormCase form) {
        FormCase.Maker m = form.make(DataType.DOUBLE);
        AdaptedSameDiff model = AdaptedSameDiff.of(m.sd);
        HiraConfig dropping = HiraConfig.builder()
                .rank(2)
                .dropout(1e-12)
                .initialization(Initialization.RANDOM)
                .targetModules(ModuleSelector.regex("m"))
                .build();
        model.addAdapter("default", dropping, 1);
        model.activate("default");

        double trained = model.executor().gradients(m.inputs, 1).loss();

        double clean = model.output(m.inputs, "loss").get("loss").getDouble(0);
        assertThat(trained).isCloseTo(clean, within(1e-5 * Math.max(1, Math.abs(clean))));
    }
}
