/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.combine.TestAdapters.delta;
import static org.lora4j.combine.TestAdapters.random;
import static org.lora4j.combine.TestAdapters.row;
import static org.lora4j.combine.TestAdapters.rows;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.method.LoraMethod;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class LoraExtractionTest {

    private static final Offset<Double> EXACT = Offset.offset(1e-12);

    private static LoraConfig.Builder config(int rank, double alpha, String... targets) {
        return LoraConfig.builder().rank(rank).alpha(alpha).targetModules(targets);
    }

    private static Map<String, INDArray> with(Map<String, INDArray> model, String name, INDArray value) {
        Map<String, INDArray> changed = new TreeMap<>(model);
        changed.put(name, value);
        return changed;
    }

    private static final Map<String, INDArray> BASE = Map.of(
            "fc.weight", Nd4j.zeros(DataType.DOUBLE, 2, 3),
            "fc.bias", row(0, 0),
            "norm.weight", row(1, 1),
            "norm.bias", row(0, 0),
            "steps", Nd4j.createFromArray(1L));

    @ParameterizedTest
    @ValueSource(strings = {"fc", "embed", "conv"})
    void extract_ofAModelWithAnAdapterMerged_givesTheAdaptersUpdate(String module) {
        Adapter adapter = random(1, 2, 3, DataType.DOUBLE);
        Map<String, INDArray> base = new TreeMap<>();
        Map<String, INDArray> tuned = new TreeMap<>();
        adapter.modules().keySet().forEach(path -> {
            INDArray update = AdapterAlgebra.deltaWeight(adapter, path);
            base.put(path + ".weight", Nd4j.ones(DataType.DOUBLE, update.shape()));
            tuned.put(path + ".weight", update.add(1));
        });

        ExtractedAdapter found = LoraExtraction.of(
                        config(2, 5, "fc", "embed", "conv").build())
                .embeddings("embed")
                .extract(base, tuned);

        assertThat(delta(found.adapter(), module)).containsExactly(delta(adapter, module), EXACT);
        assertThat(found.relativeErrors().get(module)).isLessThan(1e-14);
        assertThat(found.adapter().modules().get(module).keySet())
                .isEqualTo(adapter.modules().get(module).keySet());
        assertThat(found.leftOut()).isEmpty();
    }

    @Test
    void extract_atALowerRank_tellsWhatIsLost() {
        Map<String, INDArray> tuned = with(BASE, "fc.weight", rows(new double[] {3, 0, 0}, new double[] {0, 4, 0}));

        ExtractedAdapter found = LoraExtraction.of(config(1, 2, "fc").build()).extract(BASE, tuned);

        assertThat(delta(found.adapter(), "fc")).containsExactly(new double[] {0, 0, 0, 0, 4, 0}, EXACT);
        assertThat(found.relativeErrors().get("fc")).isCloseTo(0.6, EXACT);
    }

    @Test
    void extract_atARankAboveTheWeights_keepsTheConfigsRank() {
        Map<String, INDArray> tuned = with(BASE, "fc.weight", rows(new double[] {3, 0, 0}, new double[] {0, 4, 0}));

        ExtractedAdapter found = LoraExtraction.of(config(8, 8, "fc").build()).extract(BASE, tuned);

        assertThat(found.adapter().modules().get("fc").get(LoraMethod.A).shape())
                .containsExactly(8, 3);
        assertThat(found.relativeErrors().get("fc")).isLessThan(1e-14);
    }

    @Test
    void extract_ofAnUnchangedTarget_isZeroWithoutError() {
        ExtractedAdapter found = LoraExtraction.of(config(1, 1, "fc").build()).extract(BASE, BASE);

        assertThat(delta(found.adapter(), "fc")).containsOnly(0);
        assertThat(found.relativeErrors()).containsExactly(Map.entry("fc", 0.0));
    }

    @Test
    void extract_ofInputsByOutputs_turnsThem() {
        Map<String, INDArray> tuned = with(BASE, "fc.weight", rows(new double[] {0, 0, 5}, new double[] {0, 0, 0}));

        ExtractedAdapter found =
                LoraExtraction.of(config(1, 1, "fc").fanInFanOut(true).build()).extract(BASE, tuned);

        assertThat(found.adapter().modules().get("fc").get(LoraMethod.A).shape())
                .containsExactly(1, 2);
        assertThat(delta(found.adapter(), "fc")).containsExactly(new double[] {0, 0, 0, 0, 5, 0}, EXACT);
    }

    @Test
    void otherChanges_areReported() {
        Map<String, INDArray> tuned = with(with(BASE, "norm.bias", row(0, 1)), "steps", Nd4j.createFromArray(2L));

        ExtractedAdapter found = LoraExtraction.of(config(1, 1, "fc").build()).extract(BASE, tuned);

        assertThat(found.leftOut()).containsExactly("norm.bias", "steps");
        assertThat(found.adapter().savedParameters()).isEmpty();
    }

    @Test
    void otherChanges_areSavedOnRequest_butForCounters() {
        Map<String, INDArray> tuned =
                with(with(with(BASE, "norm.bias", row(0, 1)), "steps", Nd4j.createFromArray(2L)), "fc.bias", row(3, 4));

        ExtractedAdapter found =
                LoraExtraction.of(config(1, 1, "fc").build()).saveOthers().extract(BASE, tuned);

        assertThat(found.adapter().config().modulesToSave()).contains("norm");
        assertThat(found.adapter().config().bias()).isEqualTo(BiasTraining.ADAPTED_ONLY);
        assertThat(found.adapter().savedParameters()).containsOnlyKeys("fc.bias", "norm.bias", "norm.weight");
        assertThat(TestAdapters.doubles(found.adapter().savedParameters().get("fc.bias")))
                .containsExactly(3, 4);
        assertThat(found.leftOut()).containsExactly("steps");
    }

    @Test
    void modulesToSaveOfTheConfig_areTakenFromTheTunedModel() {
        Map<String, INDArray> tuned = with(BASE, "norm.bias", row(0, 1));

        ExtractedAdapter found = LoraExtraction.of(
                        config(1, 1, "fc").modulesToSave("norm").build())
                .extract(BASE, tuned);

        assertThat(TestAdapters.doubles(found.adapter().savedParameters().get("norm.bias")))
                .containsExactly(0, 1);
        assertThat(found.leftOut()).isEmpty();
    }

    @Test
    void changesBesideATarget_cannotBeSavedWithTheirModule() {
        Map<String, INDArray> base = with(BASE, "fc.gate", row(1));
        Map<String, INDArray> tuned = with(BASE, "fc.gate", row(2));

        assertThatThrownBy(() -> LoraExtraction.of(config(1, 1, "fc").build())
                        .saveOthers()
                        .extract(base, tuned))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "parameter \"fc.gate\" differs and is asked to be saved with its module, which holds the targets"
                                + " \"fc\"");
    }

    @Test
    void models_thatDoNotFit_areRefusedWithEveryProblem() {
        Map<String, INDArray> tuned = new TreeMap<>(BASE);
        tuned.remove("norm.bias");
        tuned.put("norm.bia", row(0, 0));
        tuned.put("fc.weight", Nd4j.zeros(DataType.DOUBLE, 3, 3));

        assertThatThrownBy(() -> LoraExtraction.of(config(1, 0, "fc", "fx").build())
                        .embeddings("table")
                        .extract(BASE, tuned))
                .hasMessage("LoraExtraction: 6 problems: parameter \"norm.bias\" is in the base model only; closest:"
                        + " \"norm.bia\"; parameter \"norm.bia\" is in the tuned model only; closest: \"norm.bias\";"
                        + " parameter \"fc.weight\" has shape [2, 3] in the base model and [3, 3] in the tuned one, expected"
                        + " one shape; targetModules \"fx\" matches no module with a weight; closest: \"fc\"; embeddings"
                        + " \"table\" matches no target; target \"fc\": alpha = 0.0, expected more than 0, or no factors"
                        + " could hold the change");
    }

    @Test
    void weights_thatAreNoMatrices_areRefused() {
        Map<String, INDArray> base = Map.of("norm.weight", Nd4j.createFromArray(1.0, 2.0));

        assertThatThrownBy(() -> LoraExtraction.of(config(1, 1, "norm").build()).extract(base, base))
                .hasMessage("LoraExtraction: target \"norm\": the weight has shape [2], expected 2 to 5 dimensions");
    }

    @Test
    void elements_thatAreNotFinite_areRefused() {
        Map<String, INDArray> tuned = with(BASE, "fc.weight", Nd4j.valueArrayOf(new long[] {2, 3}, Double.NaN));

        assertThatThrownBy(() -> LoraExtraction.of(config(1, 1, "fc").build()).extract(BASE, tuned))
                .hasMessageContaining("target \"fc\": an element of the weight is not finite");
    }

    @Test
    void targets_allLinear_areRefused() {
        LoraConfig all =
                LoraConfig.builder().targetModules(ModuleSelector.allLinear()).build();

        assertThatThrownBy(() -> LoraExtraction.of(all).extract(BASE, BASE))
                .hasMessageContaining("targetModules = all-linear, which only a graph can resolve");
    }

    @Test
    void aLargeWeight_isDecomposedExactlyToo() {
        Adapter adapter = largeAdapter();
        INDArray update = AdapterAlgebra.deltaWeight(adapter, "fc");
        Map<String, INDArray> base = Map.of("fc.weight", Nd4j.zeros(DataType.FLOAT, update.shape()));

        ExtractedAdapter found =
                LoraExtraction.of(config(4, 4, "fc").build()).extract(base, Map.of("fc.weight", update));

        // The update was rounded to FLOAT, which gives it a full rank of noise.
        assertThat(found.relativeErrors().get("fc")).isLessThan(1e-6);
    }

    private static Adapter largeAdapter() {
        SplittableRandom random = RandomStreams.of(3, "large");
        return Adapter.of(
                config(4, 4, "fc").build(),
                Map.of(
                        "fc",
                        TestAdapters.linear(
                                RandomStreams.normal(random, 1, DataType.FLOAT, 4, 200),
                                RandomStreams.normal(random, 1, DataType.FLOAT, 220, 4))),
                Map.of());
    }
}
