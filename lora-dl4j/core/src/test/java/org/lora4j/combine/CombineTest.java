/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.combine.TestAdapters.column;
import static org.lora4j.combine.TestAdapters.delta;
import static org.lora4j.combine.TestAdapters.fc;
import static org.lora4j.combine.TestAdapters.linear;
import static org.lora4j.combine.TestAdapters.random;
import static org.lora4j.combine.TestAdapters.row;
import static org.lora4j.combine.TestAdapters.rows;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.Scaling;
import org.lora4j.method.LoraMethod;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class CombineTest {

    private static final Offset<Double> EXACT = Offset.offset(1e-12);

    /** Factors are rounded to FLOAT, and updates are sums of a few products below 20. */
    private static final Offset<Double> FLOATS = Offset.offset(2e-5);

    private static void assertClose(double[] found, double[] expected, Offset<Double> tolerance) {
        assertThat(found).containsExactly(expected, tolerance);
    }

    @ParameterizedTest
    @ValueSource(strings = {"fc", "embed", "conv"})
    void cat_isTheWeightedSumOfTheUpdates(String module) {
        Adapter a = random(1, 2, 3);
        Adapter b = random(2, 4, 5);

        Adapter sum = Combine.of(a, b)
                .weights(0.7, -0.4)
                .algorithm(CombineAlgorithm.CAT)
                .combine();

        assertClose(delta(sum, module), TestAdapters.sum(module, new double[] {0.7, -0.4}, a, b), FLOATS);
        assertThat(sum.loraConfig().rank()).isEqualTo(6);
        assertThat(sum.config().scalingOf(module)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"fc", "embed", "conv"})
    void svd_ofFullRank_isTheWeightedSumOfTheUpdates(String module) {
        Adapter a = random(1, 2, 3);
        Adapter b = random(2, 3, 5);

        Adapter sum = Combine.of(a, b).weights(0.7, -0.4).rank(5).combine();

        assertClose(delta(sum, module), TestAdapters.sum(module, new double[] {0.7, -0.4}, a, b), FLOATS);
    }

    @Test
    void svd_byHand_keepsTheLargestDirection() {
        // Updates: 3 at (0, 0) and, with scaling 2, 2 * 1 at (1, 1); the weights make that 3 and 1.
        Adapter a = fc(1, row(1, 0), column(3, 0));
        Adapter b = fc(2, row(0, 1), column(0, 1));

        Adapter sum = Combine.of(a, b).weights(1, 0.5).rank(1).combine();

        assertClose(delta(sum, "fc"), new double[] {3, 0, 0, 0}, EXACT);
    }

    @Test
    void svd_asPeft_countsTheScalingTwice() {
        // Weight 0.5, scaling 4, B A = 1: right is 2, PEFT's is 0.5 * 4 * 4.
        Adapter a = fc(4, row(1, 0), column(1, 0));
        Adapter zero = fc(4, row(0, 0), column(0, 0));

        Adapter right = Combine.of(a, zero).weights(0.5, 1).combine();
        Adapter peft = Combine.of(a, zero).weights(0.5, 1).peftCompatible().combine();

        assertClose(delta(right, "fc"), new double[] {2, 0, 0, 0}, EXACT);
        assertClose(delta(peft, "fc"), new double[] {8, 0, 0, 0}, EXACT);
    }

    @Test
    void linear_byHand_hasCrossTerms() {
        // Weights 4 and 9 become 2 and 3 on each factor: (2 B1 + 3 B2)(2 A1 + 3 A2) with A1 = (1, 0), A2 = (0, 1).
        Adapter a = fc(1, row(1, 0), column(1));
        Adapter b = fc(1, row(0, 1), column(1));

        Adapter sum = Combine.of(a, b)
                .weights(4, 9)
                .algorithm(CombineAlgorithm.LINEAR)
                .combine();

        assertClose(delta(sum, "fc"), new double[] {10, 15}, EXACT);
    }

    @Test
    void linear_withANegativeWeight_hasTheSignOnA() {
        Adapter a = fc(1, row(1, 0), column(1));
        Adapter b = fc(1, row(0, 1), column(1));

        Adapter sum = Combine.of(a, b)
                .weights(4, -9)
                .algorithm(CombineAlgorithm.LINEAR)
                .combine();

        assertClose(TestAdapters.doubles(sum.modules().get("fc").get(LoraMethod.A)), new double[] {2, -3}, EXACT);
        assertClose(TestAdapters.doubles(sum.modules().get("fc").get(LoraMethod.B)), new double[] {5}, EXACT);
    }

    @Test
    void ties_byHand_electsSignsOnEachFactor() {
        // Half of A is kept, (0, 5) and (-3, 0), and half of B, (0, 4) and (0, -6).
        Adapter a = fc(1, row(1, 5), column(1, 4));
        Adapter b = fc(1, row(-3, 2), column(2, -6));

        Adapter sum = Combine.of(a, b)
                .weights(1, 1)
                .algorithm(CombineAlgorithm.TIES)
                .density(0.5)
                .combine();

        // B: (0, 4) and (0, -6), total -2: minus elected, -6 alone. A: -3 and 5, each alone.
        assertClose(delta(sum, "fc"), new double[] {0, 0, 18, -30}, EXACT);
    }

    @Test
    void dare_withOneSeed_isRepeatable() {
        Combine combine = Combine.of(random(1, 2, 2), random(2, 2, 2))
                .weights(1, 1)
                .algorithm(CombineAlgorithm.DARE_LINEAR)
                .density(0.5)
                .seed(42);

        Adapter once = combine.combine();

        assertThat(combine.combine()).isEqualTo(once);
        assertThat(combine.seed(43).combine()).isNotEqualTo(once);
    }

    @Test
    void dare_onAverage_keepsTheSum() {
        // 4000 elements of 1 in A, half of them kept and doubled: the mean is 1 within 5 standard errors of
        // 1/sqrt(4000).
        Adapter a = fc(1, Nd4j.ones(DataType.FLOAT, 1, 4000), Nd4j.ones(DataType.FLOAT, 1, 1));

        Adapter found = Combine.of(a)
                .weights(1)
                .algorithm(CombineAlgorithm.DARE_LINEAR_SVD)
                .density(0.5)
                .seed(1)
                .combine();

        assertThat(Arrays.stream(delta(found, "fc")).average().orElseThrow())
                .isCloseTo(1, Offset.offset(5 / Math.sqrt(4000)));
        assertThat(Arrays.stream(delta(found, "fc"))
                        .filter(value -> value < 1e-6)
                        .count())
                .isBetween(1000L, 3000L);
    }

    @Test
    void oneAdapter_goesThroughTheAlgorithm_butNotInPeft() {
        // Of (1, 3) half is kept.
        Adapter a = fc(2, row(1, 3), column(1));
        Combine combine = Combine.of(a)
                .weights(0.5)
                .algorithm(CombineAlgorithm.MAGNITUDE_PRUNE_SVD)
                .density(0.5);

        assertClose(delta(combine.combine(), "fc"), new double[] {0, 3}, EXACT);
        assertClose(delta(combine.peftCompatible().combine(), "fc"), new double[] {1, 3}, EXACT);
    }

    @ParameterizedTest
    @EnumSource
    void everyAlgorithm_leavesItsInputsAlone_andGivesAnAdapterThatTravels(
            CombineAlgorithm algorithm, @TempDir Path folder) throws Exception {
        Adapter a = random(1, 2, 3);
        Adapter b = random(2, 2, 5);
        Adapter aBefore = random(1, 2, 3);
        Adapter bBefore = random(2, 2, 5);
        Combine combine = Combine.of(a, b).weights(0.7, -0.4).algorithm(algorithm);
        if (algorithm.uses(CombineAlgorithm.Option.DENSITY)) {
            combine.density(0.6);
        }
        if (algorithm.uses(CombineAlgorithm.Option.MASKS)) {
            combine.seed(3);
        }

        Adapter sum = combine.combine();

        assertThat(a).isEqualTo(aBefore);
        assertThat(b).isEqualTo(bBefore);
        sum.save(folder.resolve("sum"));
        assertThat(Adapter.load(folder.resolve("sum"))).isEqualTo(sum);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aModuleOfOneAdapterOnly_isThatAdapters(boolean peft) {
        Adapter a = fc(2, row(1, 0), column(1, 0));
        LoraConfig config =
                LoraConfig.builder().rank(2).alpha(2).targetModules("out").build();
        INDArray two = rows(new double[] {1, 0}, new double[] {0, 1});
        Adapter b = Adapter.of(config, Map.of("out", linear(two, two)), Map.of());
        Combine combine = Combine.of(a, b).weights(3, 5).algorithm(CombineAlgorithm.CAT);

        Adapter sum = (peft ? combine.peftCompatible() : combine).combine();

        assertClose(delta(sum, "fc"), new double[] {6, 0, 0, 0}, EXACT);
        assertClose(delta(sum, "out"), new double[] {5, 0, 0, 5}, EXACT);
        assertThat(sum.modules().get("fc").get(LoraMethod.A).size(0)).isEqualTo(peft ? 3 : 1);
    }

    @Test
    void ranksOfModules_thatDiffer_goToThePatterns() {
        Adapter a = fc(2, row(1, 0), column(1, 0));
        LoraConfig config =
                LoraConfig.builder().rank(2).alpha(2).targetModules("block.fc").build();
        INDArray two = rows(new double[] {1, 0}, new double[] {0, 1});
        Adapter b = Adapter.of(config, Map.of("block.fc", linear(two, two)), Map.of());

        LoraConfig combined = Combine.of(a, b)
                .weights(1, 1)
                .algorithm(CombineAlgorithm.CAT)
                .combine()
                .loraConfig();

        // "fc" would match "block.fc" as well, so that one comes first.
        assertThat(combined.rankPattern().keySet()).containsExactly("block\\.fc", "fc");
        assertThat(combined.rankOf("fc")).isEqualTo(1);
        assertThat(combined.rankOf("block.fc")).isEqualTo(2);
        assertThat(combined.scalingOf("fc")).isEqualTo(1);
        assertThat(combined.scalingOf("block.fc")).isEqualTo(1);
    }

    @Test
    void rankStabilizedInputs_countWithTheirScaling() {
        // alpha 2 over the root of 4 is 1.
        LoraConfig config = LoraConfig.builder()
                .rank(4)
                .alpha(2)
                .scalingRule(Scaling.RANK_STABILIZED)
                .targetModules("fc")
                .build();
        INDArray four = Nd4j.eye(4).castTo(DataType.DOUBLE);
        Adapter a = Adapter.of(config, Map.of("fc", linear(four, four)), Map.of());

        Adapter right = Combine.of(a, a).weights(1, 2).combine();
        Adapter peft = Combine.of(a, a)
                .weights(1, 2)
                .algorithm(CombineAlgorithm.LINEAR)
                .peftCompatible()
                .combine();

        assertThat(right.loraConfig().scalingRule()).isEqualTo(Scaling.STANDARD);
        assertThat(delta(right, "fc")[0]).isCloseTo(3, EXACT);
        // PEFT keeps the rule: (1 + root 2)^2 times the root of 4.
        assertThat(delta(peft, "fc")[0]).isCloseTo(2 * Math.pow(1 + Math.sqrt(2), 2), EXACT);
    }

    @Test
    void anAdapterMinusItself_isNothing() {
        Adapter a = random(1, 2, 3);

        Adapter nothing = Combine.of(a, a).weights(1, -1).combine();

        assertThat(delta(nothing, "conv")).containsOnly(0);
    }

    @Test
    void ranksThatExceedTheModule_areKeptToWhatTheUpdateNeeds() {
        Adapter a = fc(1, row(1, 2), column(1, 1));

        Adapter sum = Combine.of(a, a).weights(1, 1).rank(64).combine();

        assertThat(sum.loraConfig().rank()).isEqualTo(1);
        assertClose(delta(sum, "fc"), new double[] {2, 4, 2, 4}, EXACT);
    }

    @Test
    void clampQuantile_limitsTheSizes() {
        // B = (-8, 0, 0) becomes sizes 8, 0, 0 and A = (1, 0): sorted 0 0 0 1 8, quantile 0.75 is 1.
        Adapter a = fc(1, row(1, 0), column(-8, 0, 0));

        Adapter clamped = Combine.of(a).weights(1).clampQuantile(0.75).combine();

        assertClose(delta(clamped, "fc"), new double[] {-1, 0, 0, 0, 0, 0}, EXACT);
    }

    @Test
    void masks_areAskedForByModulePartAndAdapter() {
        Adapter a = fc(1, row(1, 2), column(3));
        List<String> asked = new ArrayList<>();

        Adapter found = Combine.of(a, a)
                .weights(1, 1)
                .algorithm(CombineAlgorithm.DARE_LINEAR)
                .density(0.5)
                .masks((module, part, adapter) -> {
                    asked.add(module + " " + part + " " + adapter);
                    return part == DareMasks.Part.A ? row(1, adapter) : row(1);
                })
                .combine();

        assertThat(asked).containsExactlyInAnyOrder("fc A 0", "fc A 1", "fc B 0", "fc B 1");
        // A: 2 (1, 0) + 2 (1, 2) = (4, 4); B: 2 * 3 + 2 * 3 = 12.
        assertClose(delta(found, "fc"), new double[] {48, 48}, EXACT);
    }

    @Test
    void doubleFactors_stayDouble() {
        Adapter mixed = Combine.of(random(1, 2, 2), random(2, 2, 2, DataType.DOUBLE))
                .weights(1, 1)
                .combine();

        assertThat(mixed.modules().get("fc").get(LoraMethod.A).dataType()).isEqualTo(DataType.DOUBLE);
    }

    @Test
    void groupedConvolutions_areJoinedFactorByFactor() {
        LoraConfig config =
                LoraConfig.builder().rank(2).alpha(2).targetModules("conv").build();
        Map<String, INDArray> grouped =
                linear(Nd4j.ones(DataType.FLOAT, 2, 4, 3, 3), Nd4j.ones(DataType.FLOAT, 8, 1, 1, 1));
        Adapter a = Adapter.of(config, Map.of("conv", grouped), Map.of());

        Adapter sum = Combine.of(a, a)
                .weights(1, 4)
                .algorithm(CombineAlgorithm.LINEAR)
                .combine();

        assertThat(sum.modules().get("conv").get(LoraMethod.B).shape()).containsExactly(8, 1, 1, 1);
        assertThat(sum.modules().get("conv").get(LoraMethod.B).getFloat(0, 0, 0, 0))
                .isEqualTo(3f);
    }
}
