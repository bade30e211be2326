/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.combine.TestAdapters.column;
import static org.lora4j.combine.TestAdapters.delta;
import static org.lora4j.combine.TestAdapters.doubles;
import static org.lora4j.combine.TestAdapters.fc;
import static org.lora4j.combine.TestAdapters.linear;
import static org.lora4j.combine.TestAdapters.random;
import static org.lora4j.combine.TestAdapters.row;
import static org.lora4j.combine.TestAdapters.rows;

import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class AdapterAlgebraTest {

    private static final Offset<Double> EXACT = Offset.offset(1e-12);

    /** Factors are rounded to FLOAT, and updates are sums of a few products below 20. */
    private static final Offset<Double> FLOATS = Offset.offset(2e-5);

    @Test
    void rescale_multipliesTheUpdate_andLeavesTheConfig() {
        Adapter adapter = fc(4, row(1, 2), column(3));

        Adapter half = AdapterAlgebra.rescale(adapter, 0.5);

        assertThat(delta(half, "fc")).containsExactly(6, 12);
        assertThat(half.config()).isEqualTo(adapter.config());
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
    void rescale_byNoNumber_isRefused(double factor) {
        assertThatThrownBy(() -> AdapterAlgebra.rescale(random(1, 2, 2), factor))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("factor = " + factor + "; expected a finite number");
    }

    @Test
    void negate_twice_isTheAdapterBitForBit() {
        Adapter adapter = random(1, 2, 2);

        Adapter negated = AdapterAlgebra.negate(adapter);

        assertThat(delta(negated, "embed")[3]).isEqualTo(-delta(adapter, "embed")[3]);
        assertThat(AdapterAlgebra.negate(negated)).isEqualTo(adapter);
    }

    @Test
    void deltaWeight_ofEachKind_hasPeftsLayoutAndTheScaling() {
        LoraConfig config = LoraConfig.builder()
                .rank(1)
                .alpha(2)
                .targetModules("fc", "embed", "conv")
                .build();
        Adapter adapter = Adapter.of(
                config,
                Map.of(
                        "fc", linear(row(1, 2), column(1, 10, 100)),
                        "embed", TestAdapters.embedding(row(1, 2), column(1, 10, 100)),
                        "conv", linear(row(1, 2).reshape(1, 1, 2), column(1, 10).reshape(2, 1, 1))),
                Map.of());

        INDArray fc = AdapterAlgebra.deltaWeight(adapter, "fc");
        INDArray embed = AdapterAlgebra.deltaWeight(adapter, "embed");
        INDArray conv = AdapterAlgebra.deltaWeight(adapter, "conv");

        assertThat(fc.shape()).containsExactly(3, 2);
        assertThat(doubles(fc)).containsExactly(2, 4, 20, 40, 200, 400);
        assertThat(embed.shape()).containsExactly(2, 3);
        assertThat(doubles(embed)).containsExactly(2, 20, 200, 4, 40, 400);
        assertThat(conv.shape()).containsExactly(2, 1, 2);
        assertThat(doubles(conv)).containsExactly(2, 4, 20, 40);
    }

    @Test
    void deltaWeight_ofAnUnknownModule_offersNames() {
        assertThatThrownBy(() -> AdapterAlgebra.deltaWeight(random(1, 2, 2), "con"))
                .hasMessage("AdapterAlgebra.deltaWeight: module \"con\" is not in the adapter; closest: \"conv\";"
                        + " expected one of its 3 modules. Adapter.modules() lists them.");
    }

    @Test
    void reduceRank_byHand_losesTheSmallerDirection() {
        // Updates of size 3 and 4 in orthogonal directions; losing 3 of 5.
        Adapter adapter =
                fc(2, rows(new double[] {1, 0}, new double[] {0, 1}), rows(new double[] {3, 0}, new double[] {0, 4}));

        RankReduction reduced = AdapterAlgebra.reduceRank(adapter, 1);

        assertThat(delta(reduced.adapter(), "fc")).containsExactly(new double[] {0, 0, 0, 4}, EXACT);
        assertThat(reduced.relativeErrors().get("fc")).isCloseTo(0.6, EXACT);
        assertThat(reduced.largestError()).isCloseTo(0.6, EXACT);
        assertThat(reduced.adapter().loraConfig().rank()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"fc", "embed", "conv"})
    void reduceRank_toTheRankThatThereIs_isExact(String module) {
        Adapter adapter = random(5, 3, 2);

        RankReduction reduced = AdapterAlgebra.reduceRank(adapter, 3);

        assertThat(delta(reduced.adapter(), module)).containsExactly(delta(adapter, module), FLOATS);
        assertThat(reduced.largestError()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"fc", "embed", "conv"})
    void reduceRank_costsTheErrorThatItTells(String module) {
        Adapter adapter = random(5, 4, 2);

        RankReduction reduced = AdapterAlgebra.reduceRank(adapter, 2);

        double[] before = delta(adapter, module);
        double[] after = delta(reduced.adapter(), module);
        double lost = 0;
        double whole = 0;
        for (int i = 0; i < before.length; i++) {
            lost += Math.pow(before[i] - after[i], 2);
            whole += before[i] * before[i];
        }
        assertThat(reduced.relativeErrors().get(module))
                .isCloseTo(Math.sqrt(lost / whole), Offset.offset(1e-6))
                .isBetween(0.05, 0.95);
    }

    @Test
    void reduceRank_ofAnUntrainedAdapter_isZeroWithoutError() {
        RankReduction reduced = AdapterAlgebra.reduceRank(fc(1, row(1, 2), column(0)), 4);

        assertThat(delta(reduced.adapter(), "fc")).containsExactly(0, 0);
        assertThat(reduced.largestError()).isZero();
    }

    @Test
    void reduceRank_belowOne_isRefused() {
        assertThatThrownBy(() -> AdapterAlgebra.reduceRank(random(1, 2, 2), 0))
                .hasMessage("AdapterAlgebra.reduceRank: rank = 0, expected 1 or more");
    }

    @Test
    void compare_withItself_hasNoAngle() {
        ModuleComparison same = AdapterAlgebra.compare(random(1, 3, 2), random(1, 3, 2))
                .modules()
                .get("conv");

        assertThat(same.cosine()).isCloseTo(1, EXACT);
        assertThat(same.firstNorm()).isEqualTo(same.secondNorm()).isPositive();
        assertThat(same.columnAngles())
                .hasSize(3)
                .allSatisfy(angle -> assertThat(angle).isCloseTo(0.0, EXACT));
        assertThat(same.rowAngles())
                .hasSize(3)
                .allSatisfy(angle -> assertThat(angle).isCloseTo(0.0, EXACT));
    }

    @Test
    void compare_byHand_givesNormsCosineAndAngles() {
        // Scaling 2 and 1: norms 2 * 5 and 5. Rows (1, 0) and (3, 4)/5: cosine 0.6; columns equal up to sign.
        Adapter a = fc(2, row(5, 0), column(1, 0));
        Adapter b = fc(1, row(3, 4), column(-1, 0));

        ModuleComparison compared = AdapterAlgebra.compare(a, b).modules().get("fc");

        assertThat(compared.firstNorm()).isCloseTo(10, EXACT);
        assertThat(compared.secondNorm()).isCloseTo(5, EXACT);
        assertThat(compared.cosine()).isCloseTo(-0.6, EXACT);
        assertThat(compared.rowAngles()).hasSize(1);
        assertThat(compared.rowAngles().get(0)).isCloseTo(Math.acos(0.6), EXACT);
        assertThat(compared.columnAngles().get(0)).isCloseTo(0, EXACT);
    }

    @Test
    void compare_spacesOfDifferentRank_hasTheAnglesOfTheSmaller() {
        // The plane (x, y) against a line that rises from it by a small angle, and one that stands on it.
        Adapter plane =
                fc(2, rows(new double[] {1, 0, 0}, new double[] {0, 1, 0}), rows(new double[] {1, 0}, new double[] {0, 1
                }));
        Adapter line = fc(1, row(Math.cos(1e-9), 0, Math.sin(1e-9)), column(1, 0));
        Adapter upright = fc(1, row(0, 0, 1), column(1, 0));

        double small = AdapterAlgebra.compare(plane, line)
                .modules()
                .get("fc")
                .rowAngles()
                .get(0);
        double right = AdapterAlgebra.compare(upright, plane)
                .modules()
                .get("fc")
                .rowAngles()
                .get(0);

        assertThat(small).isCloseTo(1e-9, Offset.offset(1e-15));
        assertThat(right).isCloseTo(Math.PI / 2, EXACT);
    }

    /**
     * Equation 4 of arXiv 2106.09685. First: directions x, then y, of sizes 3 and 2. Second: (x + y) / sqrt 2, then z, of sizes 5
     * and 1. Squared cosines: x and y have 1/2 each with (x + y), none with z.
     */
    @Test
    void rowSimilarity_byHand_isTheSharedPartOfTheStrongestDirections() {
        Adapter first =
                fc(2, rows(new double[] {3, 0, 0}, new double[] {0, 2, 0}), rows(new double[] {1, 0}, new double[] {0, 1
                }));
        double half = 5 / Math.sqrt(2);
        Adapter second = fc(
                2,
                rows(new double[] {half, half, 0}, new double[] {0, 0, 1}),
                rows(new double[] {1, 0}, new double[] {0, 1}));

        AdapterComparison comparison = AdapterAlgebra.compare(first, second);
        ModuleComparison compared = comparison.modules().get("fc");

        assertThat(compared.rowSimilarity(1, 1)).isCloseTo(0.5, EXACT);
        assertThat(compared.rowSimilarity(1, 2)).isCloseTo(0.5, EXACT);
        assertThat(compared.rowSimilarity(2, 1)).isCloseTo(1, EXACT);
        assertThat(compared.rowSimilarity(2, 2)).isCloseTo(0.5, EXACT);
        assertThat(compared.columnSimilarity(1, 1)).isCloseTo(1, EXACT);
        assertThat(compared.columnSimilarity(2, 1)).isCloseTo(1, EXACT);
        assertThat(comparison.toString()).contains("fc", "0.5000", "1.0000");
        assertThat(comparison.json()).contains("\"rowOverlaps\"");
        assertThatThrownBy(() -> compared.rowSimilarity(0, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "ModuleComparison.rowSimilarity: 2 problems: i = 0, expected from 1 to the rank 2 of the first"
                                + " update; j = 3, expected from 1 to the rank 2 of the second update");
    }

    @Test
    void compare_withAnUntrainedAdapter_hasNoCosineAndNoAngles() {
        AdapterComparison comparison = AdapterAlgebra.compare(fc(1, row(1, 2), column(0)), fc(1, row(1, 2), column(1)));
        ModuleComparison compared = comparison.modules().get("fc");

        assertThat(comparison.json()).contains("\"cosine\" : null");
        assertThat(comparison.toString()).contains("NaN");
        assertThat(compared.cosine()).isNaN();
        assertThat(compared.firstNorm()).isZero();
        assertThat(compared.columnAngles()).isEmpty();
    }

    @Test
    void compare_namesTheModulesOfOneOnly_andRefusesOtherShapes() {
        Adapter all = random(1, 2, 2);
        LoraConfig config =
                LoraConfig.builder().rank(1).targetModules("fc", "more").build();
        Map<String, INDArray> factors = linear(Nd4j.ones(DataType.FLOAT, 1, 7), Nd4j.ones(DataType.FLOAT, 9, 1));
        Adapter other = Adapter.of(config, Map.of("fc", factors, "more", factors), Map.of());

        AdapterComparison compared = AdapterAlgebra.compare(all, other);

        assertThat(compared.modules()).containsOnlyKeys("fc");
        assertThat(compared.onlyInFirst()).containsExactly("conv", "embed");
        assertThat(compared.onlyInSecond()).containsExactly("more");
        assertThatThrownBy(() -> AdapterAlgebra.compare(all, fc(1, row(1, 2), column(1))))
                .hasMessage(
                        "AdapterAlgebra.compare: module \"fc\" is linear [9, 7] in the first adapter and linear [1, 2] in"
                                + " the second, expected one shape");
    }
}
