/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.config.BoftConfig;
import org.lora4j.config.HraConfig;
import org.lora4j.config.OftConfig;
import org.lora4j.config.RoadConfig;
import org.lora4j.config.RoadVariant;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Methods that turn inputs or outputs, on weights that a hand can calculate; and their configs. */
class BlockRotationsTest {

    private static final ModuleShape TWO = ModuleShape.linear(2, 2);

    private static final INDArray W = Nd4j.createFromArray(new double[][] {{1, 2}, {3, 4}});

    private static void assertMerged(AdapterMethod method, Map<String, INDArray> factors, double... expected) {
        assertThat(method.mergedWeight(TWO, W, factors, 1).data().asDouble()).containsExactly(expected, offset(1e-12));
    }

    private static INDArray array(double... values) {
        return Nd4j.createFromArray(values);
    }

    @Test
    void road_turnsPairsOfOutputs() {
        double half = Math.PI / 2;
        // y0' = -2 y1, y1' = 2 y0.
        assertMerged(
                new RoadMethod(RoadVariant.ROAD_1, 2),
                Map.of("road_theta", array(half), "road_alpha", array(2)),
                -6,
                -8,
                2,
                4);
        // y0' = 3 y0 - 5 y1, y1' = 4 y1 + 6 y0.
        assertMerged(
                new RoadMethod(RoadVariant.ROAD_4, 2),
                Map.of("road_theta", array(0, 0, half, half), "road_alpha", array(3, 4, 5, 6)),
                3 - 15,
                6 - 20,
                12 + 6,
                16 + 12);
    }

    @Test
    void oft_ofOneBlock_isCayleysRotation_orItsSeries() {
        Map<String, INDArray> factors = Map.of("oft_R.weight", array(0.5).reshape(1, 1));
        OftConfig exact = OftConfig.builder()
                .blockSize(2)
                .cayleyNeumann(false)
                .targetModules("a")
                .build();
        // R = [0.6, -0.8; 0.8, 0.6], and W R^T.
        assertMerged(new OftMethod(exact), factors, 0.6 - 1.6, 0.8 + 1.2, 1.8 - 3.2, 2.4 + 2.4);
        OftConfig two =
                exact.toBuilder().cayleyNeumann(true).cayleyNeumannTerms(2).build();
        // R = [1, 1; -1, 1].
        assertMerged(new OftMethod(two), factors, 3, 1, 7, 1);
        OftConfig three = two.toBuilder().cayleyNeumannTerms(3).build();
        // Q^2 = -I / 4, Q^3 = -Q / 4: R = I (1 - 1 / 2) + Q (2 - 1 / 4).
        assertMerged(new OftMethod(three), factors, 0.5 + 1.75, -0.875 + 1, 1.5 + 3.5, -2.625 + 2);
    }

    @Test
    void oft_constrained_usesTheProjectionOfLongMatrices() {
        OftConfig constrained = OftConfig.builder()
                .blockSize(2)
                .cayleyNeumannTerms(2)
                .coft(true)
                .eps(Math.sqrt(2) / 4)
                .targetModules("a")
                .build();

        // The number 1/4 stands in Q twice: its length is that of the limit.
        assertMerged(
                new OftMethod(constrained),
                Map.of("oft_R.weight", array(3).reshape(1, 1)),
                1 + 1,
                -0.5 + 2,
                3 + 2,
                -1.5 + 4);
    }

    @ParameterizedTest
    @CsvSource({"12, 5, 4", "18, 5, 6", "16, 32, 16", "7, 3, 1", "10, 5, 5", "15, 4, 3"})
    void oft_sizeThatDoesNotDivide_isTheNearestDivisor(long inputs, long size, long expected) {
        assertThat(OftMethod.nearestDivisor(inputs, size)).isEqualTo(expected);
    }

    @Test
    void hra_reflects_andOrthogonalColumnsAsTheSpaceThatTheySpan() {
        // H1 = [-1, 0; 0, 1], H2 = [0, -1; -1, 0]: W H1 H2 = W [0, 1; -1, 0].
        INDArray u = Nd4j.createFromArray(new double[][] {{2, 3}, {0, 3}});
        assertMerged(new HraMethod(false), Map.of("hra_u", u), -2, 1, -4, 3);
        // Both span the plane, which is reflected at the origin.
        assertMerged(new HraMethod(true), Map.of("hra_u", u), -1, -2, -3, -4);
    }

    @Test
    void boft_scalesOutputsOfTurnedInputs() {
        BoftMethod method = new BoftMethod(
                BoftConfig.builder().blockSize(2).targetModules("a").build());
        // The skew part has 0.5 above its diagonal.
        INDArray r = Nd4j.createFromArray(new double[] {7, 1, 0, 9}).reshape(1, 1, 2, 2);

        assertMerged(
                method,
                Map.of("boft_R", r, "boft_s", array(1, 10).reshape(2, 1)),
                0.6 - 1.6,
                0.8 + 1.2,
                10 * (1.8 - 3.2),
                10 * (2.4 + 2.4));
    }

    @Test
    void modulesThatCannotBeSplit_areRefusedByName() {
        ModuleShape six = ModuleShape.linear(6, 6);
        assertThatThrownBy(() -> new RoadMethod(RoadVariant.ROAD_1, 4).factors(six, 1))
                .hasMessageContaining("groupSize = 4 does not divide its 6 outputs");
        assertThatThrownBy(() -> new OftMethod(
                                OftConfig.builder().targetModules("a").build())
                        .factors(ModuleShape.embedding(4, 4), 1))
                .hasMessageContaining("inputs of this kind are not turned");
        assertThatThrownBy(() -> new OftMethod(
                                OftConfig.builder().blocks(7).targetModules("a").build())
                        .factors(ModuleShape.linear(7, 2), 1))
                .hasMessageContaining("blocks of size 1 of its 7 inputs cannot turn");
        assertThatThrownBy(() -> new BoftMethod(BoftConfig.builder()
                                .blockSize(2)
                                .butterflyFactors(2)
                                .targetModules("a")
                                .build())
                        .factors(six, 1))
                .hasMessageContaining("its 6 inputs are not to be split for blockSize = 2 and butterflyFactors = 2");
    }

    @Test
    void wrongConfigs_areRefusedWithAllProblems() {
        assertThatThrownBy(() -> RoadConfig.builder()
                        .groupSize(3)
                        .targetModules("a")
                        .excludeModules("b")
                        .build())
                .hasMessageContaining("groupSize = 3, expected an even number")
                .hasMessageContaining("PEFT's ROAD has no field");
        assertThatThrownBy(() -> OftConfig.builder()
                        .blockSize(1)
                        .coft(true)
                        .eps(0)
                        .cayleyNeumannTerms(0)
                        .targetModules("a")
                        .build())
                .hasMessageContaining("blockSize = 1, expected 2 or more")
                .hasMessageContaining("eps = 0.0, expected above 0 because of coft")
                .hasMessageContaining("cayleyNeumannTerms = 0, expected 1 or more");
        assertThatThrownBy(() -> HraConfig.builder().rank(0).targetModules("a").build())
                .hasMessageContaining("rank = 0, expected 1 or more");
        assertThatThrownBy(() -> BoftConfig.builder()
                        .blockSize(3)
                        .butterflyFactors(2)
                        .targetModules("a")
                        .build())
                .hasMessageContaining("blockSize = 3 with several butterflyFactors, expected an even number");
        assertThatThrownBy(
                        () -> BoftConfig.builder().blocks(0).targetModules("a").build())
                .hasMessageContaining("blocks = 0 and blockSize = 0");
    }
}
