/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** One weight read as embedding table and as output projection: adapting one of them must not touch the other. */
class SharedWeightTest {

    private final INDArray table = Nd4j.createFromArray(new double[][] {{1, 2}, {3, 4}, {5, -6}});
    private final Map<String, INDArray> inputs = Map.of("ids", Nd4j.createFromArray(2, 0));
    private final SameDiff base = SameDiff.create();

    @BeforeEach
    void build() {
        SDVariable ids = base.placeHolder("ids", DataType.INT32, -1);
        SDVariable shared = base.var("tokens.weight", table);
        SDVariable rows = base.gather("rows", shared, ids, 0);
        base.mmul("logits", base.math().tanh(rows), shared, false, true, false);
        base.getVariable("logits").sum("loss");
        base.setLossVariables("loss");
    }

    private AdaptedSameDiff adaptedLookup() {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .targetModules("tokens")
                .initialization(Initialization.RANDOM)
                .build();
        return DefaultAdapter.fresh(AdaptedSameDiff.of(base, Map.of("logits", "projection")), config, 1);
    }

    @Test
    void merge_ofTheLookup_leavesTheProjectionWithTheSharedWeight() {
        AdaptedSameDiff model = adaptedLookup();
        Map<String, INDArray> attached = model.output(inputs, "rows", "logits");

        model.merge();

        Map<String, INDArray> merged = model.output(inputs, "rows", "logits");
        assertThat(merged.get("rows").sub(attached.get("rows")).amaxNumber().doubleValue())
                .isLessThan(1e-12);
        assertThat(merged.get("logits").sub(attached.get("logits")).amaxNumber().doubleValue())
                .isLessThan(1e-12);
    }

    @Test
    void mergeAndUnload_splitsTheWeightWithTheTypeOfTheBase() {
        AdaptedSameDiff model = adaptedLookup();
        INDArray attached = model.output(inputs, "logits").get("logits");

        SameDiff merged = Graphs.saveAndLoad(model.mergeAndUnload());

        assertThat(merged.output(inputs, "logits")
                        .get("logits")
                        .sub(attached)
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-12);
        assertThat(merged.getVariable("tokens.merged_weight").getVariableType()).isEqualTo(VariableType.VARIABLE);
        Graphs.assertSameValues(merged.getVariable("tokens.weight").getArr(), table);
    }

    @Test
    void modulesToSave_ofTheProjection_trainACopyOfItsOwn() {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .targetModules("tokens")
                .modulesToSave("projection")
                .build();
        AdaptedSameDiff model =
                DefaultAdapter.fresh(AdaptedSameDiff.of(base, Map.of("logits", "projection")), config, 1);
        INDArray rows = model.output(inputs, "rows").get("rows");
        INDArray copy = model.trainableParameters().stream()
                .filter(parameter -> parameter.module().equals("projection"))
                .findFirst()
                .orElseThrow()
                .value();

        copy.muli(2);

        Graphs.assertSameValues(model.output(inputs, "rows").get("rows"), rows);
        Graphs.assertSameValues(
                model.output(inputs, "logits").get("logits"),
                base.output(inputs, "logits").get("logits").mul(2));
        assertThat(model.adapter("default").savedParameters()).containsOnlyKeys("projection.weight");
    }
}
