/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.combine.TestAdapters.column;
import static org.lora4j.combine.TestAdapters.fc;
import static org.lora4j.combine.TestAdapters.linear;
import static org.lora4j.combine.TestAdapters.row;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.Problems;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What cannot be combined, and what becomes of the config of what can. */
class CombineRefusalTest {

    private final Adapter adapter = fc(1, row(1, 0), column(1));

    private static Adapter one(LoraConfig.Builder config, String module, Map<String, INDArray> saved) {
        return Adapter.of(config.rank(1).build(), Map.of(module, linear(row(1, 0), column(1))), saved);
    }

    private static LoraConfig.Builder config(String... targets) {
        return LoraConfig.builder().alpha(1).targetModules(targets);
    }

    private static Adapter cat(Adapter... adapters) {
        return Combine.of(adapters)
                .weights(1, 1)
                .algorithm(CombineAlgorithm.CAT)
                .combine();
    }

    @Test
    void combine_withWrongOptions_namesThemAll() {
        Combine combine = Combine.of(adapter, adapter)
                .weights(1, Double.NaN, 2)
                .algorithm(CombineAlgorithm.LINEAR)
                .density(1.5)
                .rank(0)
                .seed(1);

        assertThatThrownBy(combine::combine)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Combine: 7 problems: 3 weights for 2 adapters, expected one each; weights[1] = NaN, expected a"
                                + " finite number; density = 1.5, expected the share that stays, in (0, 1]; rank = 0, expected 1"
                                + " or more; density is given, but LINEAR does not use it; leave it out; rank is given, but LINEAR"
                                + " does not use it; leave it out; seed or masks is given, but LINEAR does not use it; leave it"
                                + " out");
    }

    @Test
    void combine_ofNothing_isRefused() {
        assertThatThrownBy(() -> Combine.of().combine())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Combine: no adapters, expected at least one");
    }

    @Test
    void combine_withANullAdapter_isRefused() {
        assertThatThrownBy(() -> Combine.of(adapter, null).weights(1, 1).combine())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Combine: an adapter is null");
    }

    @Test
    void modules_withFurtherTensors_areRefusedByName() {
        Map<String, INDArray> dora =
                Map.of("lora_A.weight", row(1, 0), "lora_B.weight", column(1), "lora_magnitude_vector", row(1));
        Map<String, INDArray> packed = linear(row(1, 0), Nd4j.ones(DataType.FLOAT, 1, 1, 1));
        Problems problems = new Problems();

        assertThat(FactorReader.read("module \"a\"", dora, 1, problems)).isEmpty();
        assertThat(FactorReader.read("module \"b\"", packed, 1, problems)).isEmpty();
        assertThat(problems.list())
                .containsExactly(
                        "module \"a\" has the tensors \"lora_A.weight\", \"lora_B.weight\", \"lora_magnitude_vector\","
                                + " expected a pair of A and B alone",
                        "module \"b\" has the tensors \"lora_A.weight\", \"lora_B.weight\", expected a pair of A and B"
                                + " alone");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.1, 1.01, Double.NaN})
    void combine_withADensityOutOfRange_isRefused(double density) {
        assertThatThrownBy(() -> Combine.of(adapter)
                        .weights(1)
                        .algorithm(CombineAlgorithm.TIES)
                        .density(density)
                        .combine())
                .hasMessage("Combine: density = " + density + ", expected the share that stays, in (0, 1]");
    }

    @Test
    void combine_whatChoosesAtRandom_needsASeedOrMasks() {
        assertThatThrownBy(() -> Combine.of(adapter)
                        .weights(1)
                        .algorithm(CombineAlgorithm.DARE_TIES)
                        .combine())
                .hasMessageContaining("density is not given, but DARE_TIES prunes")
                .hasMessageContaining("neither seed nor masks are given, but DARE_TIES chooses at random");
    }

    @Test
    void combine_asPeft_ignoresOptionsWithoutUse() {
        Adapter sum = Combine.of(adapter, adapter)
                .weights(1, 1)
                .algorithm(CombineAlgorithm.CAT)
                .density(0.5)
                .rank(7)
                .peftCompatible()
                .combine();

        assertThat(sum.loraConfig().rank()).isEqualTo(2);
    }

    @Test
    void anotherMethod_isRefusedByName() {
        Adapter ia3 = Adapter.of(
                Ia3Config.builder().targetModules("fc").build(),
                Map.of("fc", Map.of("ia3_l", TestAdapters.column(1, 2))),
                Map.of());

        assertThatThrownBy(() -> Combine.of(ia3, ia3).weights(1, 1).combine())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapters[0] is of the method IA3, expected LORA")
                .hasMessageContaining("adapters[1]");
        assertThatThrownBy(() -> AdapterAlgebra.rescale(ia3, 2)).hasMessageContaining("the method is IA3");
        assertThatThrownBy(() -> AdapterAlgebra.reduceRank(ia3, 1)).hasMessageContaining("the method is IA3");
    }

    @Test
    void combine_ofDifferentShapes_namesBoth() {
        assertThatThrownBy(() -> cat(adapter, fc(1, row(1, 0, 0), column(1))))
                .hasMessage("Combine: module \"fc\" has linear [1, 2] in adapters[0] and linear [1, 3] in adapters[1],"
                        + " expected one shape");
    }

    @Test
    void combine_ofDifferentRanks_namesWhatCanDoIt() {
        INDArray two = Nd4j.ones(DataType.FLOAT, 2, 2);
        Adapter wider = fc(2, two, Nd4j.ones(DataType.FLOAT, 1, 2));

        assertThatThrownBy(() -> Combine.of(adapter, wider)
                        .weights(1, 1)
                        .algorithm(CombineAlgorithm.LINEAR)
                        .combine())
                .hasMessage(
                        "Combine: module \"fc\" has rank 1 in adapters[0] and rank 2 in adapters[1], but the algorithm"
                                + " joins factors element by element; use CAT or one that ends in SVD");
    }

    @Test
    void combine_ofGroupedConvolutions_isRefusedWhereRanksChange() {
        LoraConfig config = LoraConfig.builder().rank(2).targetModules("conv").build();
        Map<String, INDArray> grouped =
                linear(Nd4j.ones(DataType.FLOAT, 2, 4, 3, 3), Nd4j.ones(DataType.FLOAT, 8, 1, 1, 1));
        Adapter a = Adapter.of(config, Map.of("conv", grouped), Map.of());

        assertThatThrownBy(() -> cat(a, a))
                .hasMessageContaining(
                        "adapters[0], module \"conv\" is a convolution [8, 4, 3, 3] in 2 groups, which has no single update");
    }

    @Test
    void masks_thatDoNotFit_areAllNamed() {
        assertThatThrownBy(() -> Combine.of(adapter)
                        .weights(1)
                        .algorithm(CombineAlgorithm.DARE_LINEAR)
                        .density(0.5)
                        .masks((module, part, index) -> part == DareMasks.Part.A ? row(1, 0.5) : null)
                        .combine())
                .hasMessage(
                        "Combine: 2 problems: mask of module \"fc\", A, adapters[0] holds 0.5, expected 0 and 1 only;"
                                + " mask of module \"fc\", B, adapters[0] is null, expected numbers of shape [1, 1]");
    }

    @Test
    void modulesToSave_ofOneAdapter_areKept() {
        INDArray head = row(1, 2, 3);
        Adapter withHead = one(config("fc").modulesToSave("head"), "fc", Map.of("head.weight", head));

        Adapter sum = cat(adapter, withHead);

        assertThat(sum.config().modulesToSave()).containsExactly("head");
        assertThat(sum.savedParameters()).containsOnlyKeys("head.weight");
        assertThat(TestAdapters.doubles(sum.savedParameters().get("head.weight")))
                .containsExactly(1, 2, 3);
    }

    @Test
    void modulesToSave_ofTwoAdapters_areRefused() {
        Adapter withHead = one(config("fc").modulesToSave("head"), "fc", Map.of("head.weight", row(1)));

        assertThatThrownBy(() -> cat(withHead, withHead))
                .hasMessage(
                        "Combine: parameter \"head.weight\" is saved in full by adapters[0] and adapters[1], expected one"
                                + " owner, because such parameters cannot be combined");
    }

    @Test
    void copiesOfTheBasesEmbedding_areKeptOnce() {
        Map<String, INDArray> table = Map.of("embed_tokens.weight", row(1, 2));
        Adapter a = one(config("fc"), "fc", table);

        assertThat(cat(a, a).savedParameters()).containsOnlyKeys("embed_tokens.weight");
        assertThatThrownBy(() -> cat(a, one(config("fc"), "fc", Map.of("embed_tokens.weight", row(1, 2.0000001)))))
                .hasMessageContaining("\"embed_tokens.weight\" is saved in full by adapters[0] and adapters[1]");
    }

    @Test
    void modules_thatOneTrainsFullyAndOneByFactors_areRefused() {
        Adapter full = one(config("other").modulesToSave("fc"), "other", Map.of("fc.weight", row(1)));

        assertThatThrownBy(() -> cat(adapter, full))
                .hasMessage(
                        "Combine: modules \"fc\" are trained in full by one adapter and by factors in another, expected"
                                + " one or the other");
    }

    @Test
    void biases_ofTwoAdapters_areRefused() {
        Adapter a = one(config("fc").bias(BiasTraining.ADAPTED_ONLY), "fc", Map.of("fc.bias", row(1)));

        assertThat(cat(adapter, a).config().bias()).isEqualTo(BiasTraining.ADAPTED_ONLY);
        assertThatThrownBy(() -> cat(a, a))
                .hasMessageContaining("2 adapters train biases of the base, expected at most one");
    }

    @Test
    void targets_byName_areUnited() {
        LoraConfig united = cat(one(config("fc"), "a.fc", Map.of()), one(config("out"), "a.out", Map.of()))
                .loraConfig();

        assertThat(united.targetModules()).isEqualTo(ModuleSelector.suffixes("fc", "out"));
    }

    @Test
    void targets_byExpression_becomeOneExpression() {
        LoraConfig.Builder left = config().targetModules(ModuleSelector.regex("a|fc"));
        LoraConfig.Builder right = config().targetModules(ModuleSelector.regex("out"));

        LoraConfig united =
                cat(one(left, "fc", Map.of()), one(right, "out", Map.of())).loraConfig();

        assertThat(united.targetModules()).isEqualTo(ModuleSelector.regex("(a|fc)|(out)"));
        assertThat(united.selects("fc")).isTrue();
    }

    @Test
    void targets_ofBothKinds_areRefused() {
        LoraConfig.Builder expression = config().targetModules(ModuleSelector.regex("out"));

        assertThatThrownBy(() -> cat(adapter, one(expression, "out", Map.of())))
                .hasMessage(
                        "Combine: targetModules are a regular expression in some adapters and names in others ([[fc],"
                                + " regex out]), expected one kind; PEFT cannot combine these either");
    }

    @Test
    void targets_allLinear_becomeTheModulesThatTheyWere() {
        LoraConfig.Builder all = config().targetModules(ModuleSelector.allLinear());

        LoraConfig united = cat(adapter, one(all, "block.out", Map.of())).loraConfig();

        assertThat(united.targetModules()).isEqualTo(ModuleSelector.suffixes("fc", "block.out"));
    }

    @Test
    void targets_underDifferentLimits_becomeFullPaths() {
        Adapter first = one(config("fc").excludeModules("b.fc"), "a.fc", Map.of());
        Adapter second = one(config("fc").excludeModules("a.fc"), "b.fc", Map.of());

        Adapter sum = cat(first, second);

        assertThat(sum.config().targetModules()).isEqualTo(ModuleSelector.suffixes("a.fc", "b.fc"));
        assertThat(sum.config().excludeModules()).isEqualTo(ModuleSelector.none());
        assertThat(sum.modules()).containsOnlyKeys("a.fc", "b.fc");
    }

    @Test
    void theFirstAdapter_givesTheOtherFieldsAndTheExtras() {
        Adapter first = one(config("fc").baseModelName("base").dropout(0.1), "fc", Map.of());

        LoraConfig united = cat(first, adapter).loraConfig();

        assertThat(united.baseModelName()).isEqualTo("base");
        assertThat(united.dropout()).isEqualTo(0.1);
        assertThat(united.alphaPattern()).isEmpty();
        assertThat(united.rankPattern()).isEmpty();
        assertThat(List.of(united.rank(), united.alpha())).containsExactly(2, 2.0);
    }

    @Test
    void aSumBeyondTheRangeOfFloats_isRefused() {
        Adapter single = fc(1, row(1, 0).castTo(DataType.FLOAT), column(1).castTo(DataType.FLOAT));

        assertThatThrownBy(() -> Combine.of(single)
                        .weights(1e60)
                        .algorithm(CombineAlgorithm.CAT)
                        .combine())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected finite numbers");
    }
}
