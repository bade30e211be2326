/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class RecomputationTest {

    private static final int ROWS = 32;
    private static final int WIDTH = 16;
    private static final long BYTES = 4L * ROWS * WIDTH;

    /** Blocks with a residual connection, each of which needs a few activations in the backward pass. */
    private static SameDiff blocks(int count) {
        Nd4j.getRandom().setSeed(3);
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, WIDTH);
        SDVariable h = x.mul(1.5);
        for (int i = 0; i < count; i++) {
            SDVariable w =
                    sd.var("w" + i, Nd4j.randn(DataType.FLOAT, WIDTH, WIDTH).mul(0.2));
            SDVariable v =
                    sd.var("v" + i, Nd4j.randn(DataType.FLOAT, WIDTH, WIDTH).mul(0.2));
            SDVariable inner = sd.math().tanh(h.mmul(w));
            h = h.add(sd.math().sin(sd.math().tanh(inner.mmul(v))).reshape(-1, WIDTH));
        }
        h.mul(h).mean().rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static Set<String> weights(SameDiff sd) {
        Set<String> names = new LinkedHashSet<>();
        sd.variables().stream().filter(v -> v.name().matches("[wv][0-9]+")).forEach(v -> names.add(v.name()));
        return names;
    }

    private static Map<String, INDArray> input() {
        Nd4j.getRandom().setSeed(5);
        return Map.of("x", Nd4j.randn(DataType.FLOAT, ROWS, WIDTH));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 20})
    void gradients_areThoseOfKeptActivations_toTheBit(int count) {
        SameDiff sd = blocks(count);
        SameDiffExecutor keeping = SameDiffExecutor.forTraining(sd, weights(sd)).withKernels();

        LossAndGradients expected = keeping.gradients(input(), 0);
        LossAndGradients found = keeping.recomputing().gradients(input(), 0);

        assertThat(found.loss()).isEqualTo(expected.loss());
        assertThat(found.gradients()).isEqualTo(expected.gradients());
    }

    /** y1 .. yn forwards, and then their product from the last to the first. */
    private static Plan chain(int length, boolean recomputed, Arena arena) {
        SameDiff sd = SameDiff.create();
        SDVariable y = sd.placeHolder("x", DataType.FLOAT, -1, WIDTH);
        List<SDVariable> all = new ArrayList<>();
        for (int i = 0; i < length; i++) {
            y = sd.math().sin(y);
            all.add(y);
        }
        SDVariable product = sd.updateVariableNameAndReference(y.sum(), "loss").add(1);
        for (int i = length - 1; i >= 0; i--) {
            product = sd.math().cos(all.get(i)).mul(product);
        }
        product.sum().rename("product");
        Plans plans = new Plans(sd, Map.of(), Optional.empty(), arena, recomputed ? List.of("loss") : List.of());
        return plans.find(input(), List.of("loss", "product")).orElseThrow();
    }

    @Test
    void bytes_ofALongChain_growWithItsRoot() {
        Arena arena = new Arena();
        Plan keeping = chain(100, false, arena);
        Plan recomputing = chain(100, true, arena);

        assertThat(keeping.bytes()).isBetween(100 * BYTES, 110 * BYTES);
        assertThat(recomputing.bytes()).isBetween(15 * BYTES, 25 * BYTES);
        assertThat(recomputing.run(input())).isEqualTo(keeping.run(input()));
        arena.close();
    }

    @Test
    void gradients_whereTheGraphHasNoPlan_sayWhy() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, WIDTH);
        SDVariable w = sd.var("w", Nd4j.ones(DataType.FLOAT, WIDTH, 1));
        SDVariable noise = sd.random().uniform(0, 1, DataType.FLOAT, ROWS, 1);
        x.mmul(w).mul(noise).mean().rename("loss");
        sd.setLossVariables("loss");
        SameDiffExecutor executor =
                SameDiffExecutor.forTraining(sd, List.of("w")).recomputing();

        assertThatThrownBy(() -> executor.gradients(input(), 0))
                .hasMessageContaining("recomputation: op \"")
                .hasMessageContaining("is not a computation on its inputs")
                .hasMessageContaining("Train without it");
    }
}
