/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.function.ToDoubleFunction;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Test;
import org.lora4j.dl4j.layer.Masks;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class DotProductAttentionTest {

    private static final Space SPACE = new Space(LayerWorkspaceMgr.noWorkspaces(), ArrayType.FF_WORKING_MEM);

    // Two examples with two heads each; sizes that all differ.
    private final INDArray queries = normal("queries", 4, 3, 5);
    private final INDArray keys = normal("keys", 4, 6, 5);
    private final INDArray values = normal("values", 4, 6, 2);
    private final INDArray delta = normal("delta", 4, 3, 2);
    private final INDArray mask = Masks.lengths(6, 6, 2);

    private static INDArray normal(String stream, long... shape) {
        return RandomStreams.normal(RandomStreams.of(3, stream), 1, DataType.DOUBLE, shape);
    }

    private double score(INDArray q, INDArray k, INDArray v) {
        INDArray weights = DotProductAttention.weights(q, k, mask, SPACE);
        return DotProductAttention.mix(weights, v, SPACE).mul(delta).sumNumber().doubleValue();
    }

    private DotProductAttention.Gradients gradients() {
        INDArray weights = DotProductAttention.weights(queries, keys, mask, SPACE);
        return DotProductAttention.backward(queries, keys, values, weights, delta, SPACE);
    }

    private static double[] differences(INDArray at, ToDoubleFunction<INDArray> score) {
        double step = 1e-6;
        double[] differences = new double[(int) at.length()];
        for (int i = 0; i < differences.length; i++) {
            INDArray up = at.dup('c');
            up.putScalar(i, up.getDouble(i) + step);
            INDArray down = at.dup('c');
            down.putScalar(i, down.getDouble(i) - step);
            differences[i] = (score.applyAsDouble(up) - score.applyAsDouble(down)) / (2 * step);
        }
        return differences;
    }

    private static void assertClose(INDArray gradient, double[] differences) {
        assertThat(gradient.dup('c').data().asDouble()).containsExactly(differences, offset(1e-8));
    }

    @Test
    void backward_ofQueries_isThatOfDifferences() {
        assertClose(gradients().queries(), differences(queries, q -> score(q, keys, values)));
    }

    @Test
    void backward_ofKeys_isThatOfDifferences() {
        assertClose(gradients().keys(), differences(keys, k -> score(queries, k, values)));
    }

    @Test
    void backward_ofValues_isThatOfDifferences() {
        assertClose(gradients().values(), differences(values, v -> score(queries, keys, v)));
    }

    @Test
    void weights_ofMaskedKeys_areZeroAndTheOthersSumToOne() {
        INDArray weights = DotProductAttention.weights(queries, keys, mask, SPACE);

        for (int head = 2; head < 4; head++) {
            for (int query = 0; query < 3; query++) {
                assertThat(weights.getDouble(head, query, 0) + weights.getDouble(head, query, 1))
                        .isCloseTo(1, offset(1e-12));
                for (int key = 2; key < 6; key++) {
                    assertThat(weights.getDouble(head, query, key)).isZero();
                }
            }
        }
    }

    @Test
    void weights_ofOneQuery_areThoseByHand() {
        INDArray query = Nd4j.create(new double[] {2, 0, 0, 0}, new long[] {1, 1, 4}, 'c');
        INDArray two = Nd4j.create(new double[] {Math.log(3), 0, 0, 0, 0, 5, 5, 5}, new long[] {1, 2, 4}, 'c');

        // Scores 2 log 3 / sqrt(4) = log 3 and 0, and so 3 : 1.
        INDArray weights = DotProductAttention.weights(query, two, null, SPACE);

        assertThat(weights.data().asDouble()).containsExactly(new double[] {0.75, 0.25}, offset(1e-12));
    }

    @Test
    void weights_leaveTheirArgumentsAsTheyAre() {
        INDArray before = mask.dup();
        INDArray queriesBefore = queries.dup();

        DotProductAttention.weights(queries, keys, mask, SPACE);

        assertThat(mask).isEqualTo(before);
        assertThat(queries).isEqualTo(queriesBefore);
    }
}
