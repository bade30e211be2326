/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.weights.ModelWeights;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Reports on what has nothing to report: updates of zero, weights of zero, inputs that equal their baseline. */
class DegenerateReportsTest {

    private static SameDiff linear(double weight) {
        SameDiff graph = SameDiff.create();
        graph.placeHolder("x", DataType.FLOAT, -1, 2)
                .mmul("y", graph.constant("w.weight", Nd4j.valueArrayOf(new long[] {2, 2}, weight, DataType.FLOAT)));
        return graph;
    }

    private static ModelWeights base(double weight) {
        return ModelWeights.of(Map.of("w.weight", Nd4j.valueArrayOf(new long[] {2, 2}, weight, DataType.FLOAT)));
    }

    /** Fresh, so that its B and its update are zero. */
    private static Adapter zero() {
        return DefaultAdapter.fresh(
                        AdaptedSameDiff.of(linear(1)),
                        LoraConfig.builder().rank(1).targetModules("w").build(),
                        1)
                .adapter("default")
                .forAnyBase();
    }

    private static Adapter ones() {
        Adapter fresh = zero();
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        fresh.modules().forEach((path, tensors) -> {
            Map<String, INDArray> ones = new LinkedHashMap<>();
            tensors.forEach((name, array) -> ones.put(name, Nd4j.ones(DataType.FLOAT, array.shape())));
            modules.put(path, ones);
        });
        return Adapter.of(fresh.config(), modules, Map.of()).forAnyBase();
    }

    @Test
    void updatesOfZero_areRefused_andWeightsOfZeroReported() throws Exception {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> UpdateReport.of(zero(), base(1)))
                .withMessageContaining("every update is zero");
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> IntruderDimensions.of(zero()).on(base(1)))
                .withMessageContaining("zero");
        for (double weight : new double[] {0, 1}) {
            assertThat(UpdateReport.of(ones(), base(weight)).toString()).contains("w");
        }
        assertThat(AdapterSimilarity.of(ones(), zero(), base(1)).toString()).contains("w");
    }

    @Test
    void inputAtItsBaseline_orWithoutEffect_isAttributedNothing() {
        INDArray ones = Nd4j.ones(DataType.FLOAT, 1, 2);

        assertThat(IntegratedGradients.of(linear(1), "x", "y")
                        .explain(Nd4j.zeros(DataType.FLOAT, 1, 2), 0)
                        .values())
                .containsExactly(0, 0);
        assertThat(IntegratedGradients.of(linear(0), "x", "y").explain(ones, 0).values())
                .containsExactly(0, 0);
    }

    @Test
    void inputsThatAreNoNumbers_areRefused() {
        for (double value : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatExceptionOfType(IllegalArgumentException.class)
                    .isThrownBy(() -> IntegratedGradients.of(linear(1), "x", "y")
                            .explain(Nd4j.valueArrayOf(new long[] {1, 2}, value, DataType.FLOAT), 0));
        }
    }

    @Test
    void nulls_areNamed() {
        assertThatNullPointerException()
                .isThrownBy(() -> UpdateReport.of(null, base(1)))
                .withMessage("UpdateReport.of: adapter is null; expected an adapter.");
        assertThatNullPointerException()
                .isThrownBy(() -> UpdateReport.of(zero(), null))
                .withMessageContaining("base is null");
        assertThatNullPointerException()
                .isThrownBy(() -> IntruderDimensions.of(zero()).on(null))
                .withMessageContaining("base is null");
        assertThatNullPointerException()
                .isThrownBy(() -> AdapterSimilarity.of(null, zero(), base(1)))
                .withMessageContaining("first is null");
    }
}
