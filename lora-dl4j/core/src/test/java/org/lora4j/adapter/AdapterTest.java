/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.internal.format.peft.StackedModules;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class AdapterTest {

    private static final LoraConfig CONFIG =
            LoraConfig.builder().rank(2).targetModules("fc", "embed").build();

    @Test
    void of_copiesItsArrays() {
        INDArray a = ones(2, 3);
        Adapter adapter = Adapter.of(CONFIG, Map.of("fc", factors(a, ones(4, 2))), Map.of());

        a.assign(7);

        assertThat(adapter.modules().get("fc").get("lora_A.weight").getFloat(0, 0))
                .isEqualTo(1f);
    }

    @Test
    void of_aModuleWhosePartsAreStacked_wantsTheRankForEachPart() {
        PeftFile file = new StackedModules(Map.of("fc", 3)).in(PeftFile.of(CONFIG));

        Adapter stacked =
                Adapter.of(file.config(), file.extras(), Map.of("fc", factors(ones(6, 3), ones(4, 6))), Map.of());

        assertThat(stacked.modules().get("fc").get("lora_A.weight").shape()).containsExactly(6, 3);
        assertThatThrownBy(() -> Adapter.of(
                        file.config(), file.extras(), Map.of("fc", factors(ones(2, 3), ones(4, 2))), Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "lora_A.weight has shape [2, 3], expected [6, inputs] (rank 2 by the config, 3 parts)")
                .hasMessageContaining(
                        "lora_B.weight has shape [4, 2], expected [outputs, 6] (rank 2 by the config, 3 parts)");
        assertThatThrownBy(() -> Adapter.of(CONFIG, stacked.modules(), Map.of()))
                .hasMessageContaining("lora_A.weight has shape [6, 3], expected [2, inputs] (rank 2 by the config)");
    }

    @Test
    void of_viewsInColumnOrder_givesRowMajorCopiesOfTheirValues() {
        INDArray whole = Nd4j.createFromArray(new float[][] {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
        INDArray view = whole.get(NDArrayIndex.interval(1, 3), NDArrayIndex.interval(0, 2))
                .transpose();
        Adapter adapter = Adapter.of(CONFIG, Map.of("fc", factors(view, ones(4, 2))), Map.of());

        INDArray copy = adapter.modules().get("fc").get("lora_A.weight");
        assertThat(copy.data().asFloat()).containsExactly(4, 7, 5, 8);
    }

    @Test
    void of_halfPrecisionArrays_givesFloats() {
        INDArray half = ones(2, 3).castTo(DataType.FLOAT16);
        Adapter adapter = Adapter.of(CONFIG, Map.of("fc", factors(half, ones(4, 2))), Map.of());

        assertThat(adapter.modules().get("fc").get("lora_A.weight").dataType()).isEqualTo(DataType.FLOAT);
    }

    @Test
    void of_withinAWorkspace_outlivesIt() {
        WorkspaceConfiguration small =
                WorkspaceConfiguration.builder().initialSize(1 << 16).build();
        Adapter adapter;
        try (MemoryWorkspace workspace = Nd4j.getWorkspaceManager().getAndActivateWorkspace(small, "AdapterTest")) {
            assertThat(workspace.isScopeActive()).isTrue();
            adapter = Adapter.of(CONFIG, Map.of("fc", factors(ones(2, 3), ones(4, 2))), Map.of());
        }

        assertThat(adapter.modules().get("fc").values()).noneMatch(INDArray::isAttached);
    }

    @Test
    void of_severalMistakes_reportsAllInOneMessage() {
        INDArray bad = ones(4, 2);
        bad.putScalar(3, Float.NaN);
        Map<String, Map<String, INDArray>> modules = Map.of(
                "fc", factors(ones(3, 3), bad),
                "embed", Map.of("lora_embedding_A", ones(2, 9)),
                "x.fc", Map.of("lora_C.weight", ones(1, 1)),
                "other", factors(ones(2, 3), ones(4, 2)));

        assertThatThrownBy(() -> Adapter.of(CONFIG, modules, Map.of("head.weight", ones(2, 2))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Adapter: ")
                .hasMessageContaining("module \"fc\": lora_A.weight has shape [3, 3], expected [2, inputs]")
                .hasMessageContaining("module \"fc\", lora_B.weight: element 3 is NaN, expected finite numbers")
                .hasMessageContaining("module \"embed\" has lora_embedding_A without lora_embedding_B")
                .hasMessageContaining("module \"x.fc\" has the tensor \"lora_C.weight\"")
                .hasMessageContaining("module \"other\" has factors but is not selected")
                .hasMessageContaining("parameter \"head.weight\" is saved in full, but");
    }

    @Test
    void of_arraysThatAreNotFloatingPoint_areNamed() {
        Map<String, INDArray> tensors = new HashMap<>(factors(ones(2, 3).castTo(DataType.INT32), ones(4, 2)));
        tensors.put("lora_B.weight", null);

        assertThatThrownBy(() -> Adapter.of(CONFIG, Map.of("fc", tensors), Map.of()))
                .hasMessageContaining("\"lora_A.weight\": the array is of type INT")
                .hasMessageContaining("\"lora_B.weight\": the array is of type null");
    }

    @Test
    void of_factorsOfTwoKinds_isRefused() {
        Map<String, INDArray> both = new HashMap<>(factors(ones(2, 3), ones(4, 2)));
        both.put("lora_embedding_A", ones(2, 9));
        both.put("lora_embedding_B", ones(4, 2));

        assertThatThrownBy(() -> Adapter.of(CONFIG, Map.of("fc", both), Map.of()))
                .hasMessageContaining("of a linear module and of an embedding");
    }

    @Test
    void of_aKernelOnB_isRefused() {
        Map<String, INDArray> conv = factors(ones(2, 3, 3, 3), ones(4, 2, 3, 3));

        assertThatThrownBy(() -> Adapter.of(CONFIG, Map.of("fc", conv), Map.of()))
                .hasMessageContaining("lora_B.weight has shape [4, 2, 3, 3], expected [outputs, 2]");
    }

    @Test
    void of_vectorsAsFactors_isRefused() {
        assertThatThrownBy(() -> Adapter.of(CONFIG, Map.of("fc", factors(ones(2), ones(2))), Map.of()))
                .hasMessageContaining("lora_A.weight has shape [2], expected [2, inputs]")
                .hasMessageContaining("lora_B.weight has shape [2], expected [outputs, 2]");
    }

    @Test
    void of_aModuleWithoutTensors_isRefused() {
        assertThatThrownBy(() -> Adapter.of(CONFIG, Map.of("fc", Map.of()), Map.of()))
                .hasMessageContaining("module \"fc\" has no tensors");
    }

    @Test
    void of_biases_followTheConfig() {
        Map<String, Map<String, INDArray>> modules = Map.of("fc", factors(ones(2, 3), ones(4, 2)));
        Map<String, INDArray> biases = Map.of("fc.bias", ones(4), "norm.bias", ones(4));
        LoraConfig all = CONFIG.toBuilder().bias(BiasTraining.ALL).build();
        LoraConfig adapted = CONFIG.toBuilder().bias(BiasTraining.ADAPTED_ONLY).build();

        assertThat(Adapter.of(all, modules, biases).savedParameters()).containsOnlyKeys("fc.bias", "norm.bias");
        assertThatThrownBy(() -> Adapter.of(adapted, modules, biases))
                .hasMessageContaining("\"norm.bias\"")
                .hasMessageNotContaining("\"fc.bias\"");
    }

    @Test
    void of_aParameterWithinASavedModule_isAccepted() {
        LoraConfig config = CONFIG.toBuilder().modulesToSave("head").build();

        assertThat(Adapter.of(config, Map.of(), Map.of("bert.head.dense.weight", ones(2, 2)))
                        .savedParameters())
                .containsOnlyKeys("bert.head.dense.weight");
    }

    @Test
    void equals_seesASingleElement() {
        INDArray changed = ones(4, 2);
        changed.putScalar(7, Math.nextUp(1f));
        Adapter one = Adapter.of(CONFIG, Map.of("fc", factors(ones(2, 3), ones(4, 2))), Map.of());
        Adapter same = Adapter.of(CONFIG, Map.of("fc", factors(ones(2, 3), ones(4, 2))), Map.of());
        Adapter other = Adapter.of(CONFIG, Map.of("fc", factors(ones(2, 3), changed)), Map.of());

        assertThat(one).isEqualTo(same).hasSameHashCodeAs(same).isNotEqualTo(other);
    }

    @Test
    void equals_seesExtras() {
        Map<String, Map<String, INDArray>> modules = Map.of("fc", factors(ones(2, 3), ones(4, 2)));

        assertThat(Adapter.of(CONFIG, Map.of("revision", "main"), modules, Map.of()))
                .isNotEqualTo(Adapter.of(CONFIG, modules, Map.of()));
    }

    @Test
    void modules_cannotBeChanged() {
        Adapter adapter = Adapter.of(CONFIG, Map.of("fc", factors(ones(2, 3), ones(4, 2))), Map.of());

        assertThatThrownBy(() -> adapter.modules().get("fc").clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    private static Map<String, INDArray> factors(INDArray a, INDArray b) {
        return Map.of("lora_A.weight", a, "lora_B.weight", b);
    }

    private static INDArray ones(long... shape) {
        return Nd4j.ones(DataType.FLOAT, shape);
    }

    @Test
    void of_whenTheConfigTrainsTokensAndNoModuleHasRows_saysSo() {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .targetModules("fc")
                .trainableTokens(TrainableTokens.of(Map.of("embed", List.of(3))))
                .build();
        Map<String, Map<String, INDArray>> factors =
                Map.of("fc", Map.of("lora_A.weight", Nd4j.ones(1, 2), "lora_B.weight", Nd4j.ones(2, 1)));

        assertThatThrownBy(() -> Adapter.of(config, factors, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no rows of the trained tokens {embed=[3]}");
    }
}
