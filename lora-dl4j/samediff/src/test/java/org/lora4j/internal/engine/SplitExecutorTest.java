/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.exec.FrozenPrefix;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.SplitExecutor;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SplitExecutorTest {

    /** Two frozen layers, of which the second is one product away from what w2 reads. */
    private static SameDiff graph() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 2);
        SDVariable w0 = sd.constant("w0", Nd4j.createFromArray(new double[][] {{1, 2}, {3, -4}}));
        SDVariable w1 = sd.constant("w1", Nd4j.createFromArray(new double[][] {{1}, {2}}));
        SDVariable w2 = sd.var("w2", Nd4j.createFromArray(new double[][] {{0.5}, {0.25}}));
        SDVariable h = sd.nn().relu("h", x.mmul("z", w0), 0);
        h.mmul("base", w1).add("y", h.mmul("update", w2)).sum("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static final Map<String, INDArray> INPUT =
            Map.of("x", Nd4j.createFromArray(new double[][] {{1, 1}, {2, 0}}));

    @Test
    void split_keepsWhatTrainsReadsAndLeavesOutWhatIsOneProductAway() {
        FrozenPrefix cut =
                SameDiffExecutor.forTraining(graph(), List.of("w2")).split().description();

        // Below: z and h. Above: base, update, y, loss.
        assertThat(cut).isEqualTo(new FrozenPrefix(List.of("h"), 2, 1, 4));
    }

    @Test
    void split_betweenSharesAndValues_keepsTheOperandsOfTheScores() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 2, 2);
        SDVariable q = sd.math().tanh("q", x);
        SDVariable k = sd.math().sin("k", x);
        SDVariable scores =
                q.mul("scaled", 0.5).mmul("product", k).add("scores", sd.math().cos("mask", x));
        SDVariable values = x.mul("values", sd.var("v", Nd4j.createFromArray(new double[] {1, 2})));
        sd.nn().softmax("shares", scores, -1).mmul("mixed", values).sum("loss");
        sd.setLossVariables("loss");

        assertThat(SameDiffExecutor.forTraining(sd, List.of("v"))
                        .split()
                        .description()
                        .activations())
                .containsExactlyInAnyOrder("q", "k", "mask");
    }

    @Test
    void split_keepsNothingThatSizesAloneDecide() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 2);
        SDVariable h = sd.math().tanh("h", x);
        SDVariable ofInput = sd.math().tanh(sd.sizeAt("rows", x, 0).castTo(DataType.DOUBLE));
        // Its number would need h, and all below it, in each step.
        SDVariable ofActivation = sd.math().sin("kept", sd.sizeAt("size", h, 0).castTo(DataType.DOUBLE));
        h.mul(sd.var("w", Nd4j.createFromArray(new double[] {1, 2})))
                .mul(ofInput.mul(sd.var("u", Nd4j.scalar(1.0))))
                .mul(ofActivation.mul(sd.var("t", Nd4j.scalar(1.0))))
                .sum("loss");
        sd.setLossVariables("loss");

        assertThat(SameDiffExecutor.forTraining(sd, List.of("w", "u", "t"))
                        .split()
                        .description()
                        .activations())
                .containsExactlyInAnyOrder("h", "kept");
    }

    @Test
    void suffix_ofGivenActivations_computesFromThemAlone() {
        SplitExecutor split =
                SameDiffExecutor.forTraining(graph(), List.of("w2")).split();

        // x w0 = [[4, -2], [2, 4]].
        assertThat(split.prefix(INPUT).get("h")).isEqualTo(Nd4j.createFromArray(new double[][] {{4, 0}, {2, 4}}));
        LossAndGradients pass =
                split.suffix(INPUT, Map.of("h", Nd4j.createFromArray(new double[][] {{1, 2}, {3, 5}})), 0);
        // Sum of h (w1 + w2) = 4 * 1.5 + 7 * 2.25; gradient of w2: the column sums.
        assertThat(pass.loss()).isEqualTo(21.75);
        assertThat(pass.gradients().get("w2").dup().data().asDouble()).containsExactly(4, 7);
    }

    @Test
    void prefixInputs_areThePlaceholdersBelowTheCut() {
        SameDiff sd = graph();
        SDVariable y = sd.placeHolder("target", DataType.DOUBLE, -1, 1);
        sd.getVariable("y").sub(y).sum("other");
        sd.setLossVariables("other");

        assertThat(SameDiffExecutor.forTraining(sd, List.of("w2")).split().prefixInputs())
                .containsExactly("x");
    }

    @Test
    void prefix_withAMissingPlaceholder_isRefusedAsForTheWhole() {
        SplitExecutor split =
                SameDiffExecutor.forTraining(graph(), List.of("w2")).split();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> split.prefix(Map.of("xx", INPUT.get("x"))))
                .withMessageContaining("placeholder \"x\"")
                .withMessageContaining("\"xx\" is not a placeholder");
    }

    @Test
    void split_ofAnExecutorThatHasNoGraph_isRefused() {
        GraphExecutor other = new GraphExecutor() {
            @Override
            public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
                return Map.of();
            }

            @Override
            public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
                return new LossAndGradients(0, Map.of());
            }

            @Override
            public GraphExecutor fork() {
                return this;
            }
        };

        assertThatIllegalArgumentException()
                .isThrownBy(other::split)
                .withMessageContaining("cannot run parts of its graph");
    }
}
