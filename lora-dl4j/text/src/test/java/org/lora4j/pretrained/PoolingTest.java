/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.pretrained.Pooling.Activation;
import org.lora4j.pretrained.Pooling.Function;
import org.lora4j.pretrained.Pooling.LayerNorm;
import org.lora4j.pretrained.Pooling.Linear;
import org.lora4j.pretrained.Pooling.Mode;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Poolings over hidden states that are written down here, with results worked out by hand. */
class PoolingTest {

    /** Two texts of three places; the first has two tokens, the second three. */
    private static final double[][][] HIDDEN = {
        {{1, -2}, {3, 4}, {100, 100}},
        {{-1, 0}, {-3, 2}, {-5, 10}}
    };

    private static final double[][] MASK = {{1, 1, 0}, {1, 1, 1}};

    private static double[] pooled(Pooling pooling, double[][] poolingMask) {
        SameDiff sd = SameDiff.create();
        SDVariable hidden = sd.placeHolder("hidden", DataType.DOUBLE, -1, -1, 2);
        SDVariable mask = sd.placeHolder(EncoderGraph.ATTENTION_MASK, DataType.DOUBLE, -1, -1);
        PoolingGraph.Source source =
                new PoolingGraph.Source(hidden, sd.shape("mask/shape", mask), 2, (first, name) -> first.mul(name, 2));
        new PoolingGraph(sd, DataType.DOUBLE).pooled(source, pooling);
        Map<String, INDArray> inputs = new LinkedHashMap<>();
        inputs.put("hidden", Nd4j.createFromArray(HIDDEN));
        inputs.put(EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(MASK));
        if (poolingMask != null) {
            inputs.put(EncoderGraph.POOLING_MASK, Nd4j.createFromArray(poolingMask));
        }
        return sd.output(inputs, EncoderGraph.POOLED)
                .get(EncoderGraph.POOLED)
                .ravel()
                .toDoubleVector();
    }

    private static double[] pooled(Pooling pooling) {
        return pooled(pooling, null);
    }

    private static void assertPooled(Pooling pooling, double... expected) {
        assertThat(pooled(pooling)).containsExactly(expected, within(1e-9));
    }

    @Test
    void modes_giveWhatTheirDefinitionsSay() {
        assertPooled(Pooling.CLS, 1, -2, -1, 0);
        assertPooled(Pooling.MEAN, 2, 1, -3, 4);
        assertPooled(Pooling.of(Mode.MAX), 3, 4, -1, 10);
        // 4 / sqrt(2), 2 / sqrt(2); -9 / sqrt(3), 12 / sqrt(3)
        assertPooled(
                Pooling.of(Mode.MEAN_SQRT_LENGTH),
                4 / Math.sqrt(2),
                2 / Math.sqrt(2),
                -9 / Math.sqrt(3),
                12 / Math.sqrt(3));
        // (1 * 1 + 2 * 3) / 3, (1 * -2 + 2 * 4) / 3; (-1 - 6 - 15) / 6, (0 + 4 + 30) / 6
        assertPooled(Pooling.of(Mode.WEIGHTED_MEAN), 7 / 3.0, 2, -22 / 6.0, 34 / 6.0);
        assertPooled(Pooling.of(Mode.LAST_TOKEN), 3, 4, -5, 10);
        assertPooled(Pooling.POOLER, 2, -4, -2, 0);
    }

    @Test
    void severalModes_areJoinedInTheirOrder() {
        assertPooled(Pooling.of(Mode.CLS, Mode.MAX, Mode.LAST_TOKEN), 1, -2, 3, 4, 3, 4, -1, 0, -1, 10, -5, 10);
        assertThat(Pooling.of(Mode.CLS, Mode.MAX).dimension(2)).isEqualTo(4);
    }

    @Test
    void promptsLeftOut_countNowhere() {
        double[][] withoutFirst = {{0, 1, 0}, {0, 1, 1}};

        assertThat(pooled(Pooling.MEAN.withoutPrompt(), withoutFirst))
                .containsExactly(new double[] {3, 4, -4, 6}, within(1e-9));
        assertThat(pooled(Pooling.of(Mode.MAX).withoutPrompt(), withoutFirst))
                .containsExactly(new double[] {3, 4, -3, 10}, within(1e-9));
        // Places are those of the whole text: (2 * 3) / 2; (2 * -3 + 3 * -5) / 5
        assertThat(pooled(Pooling.of(Mode.WEIGHTED_MEAN).withoutPrompt(), withoutFirst))
                .containsExactly(new double[] {3, 4, -21 / 5.0, 34 / 5.0}, within(1e-9));
        double[][] nothing = {{0, 0, 0}, {0, 1, 0}};
        assertThat(pooled(Pooling.of(Mode.LAST_TOKEN).withoutPrompt(), nothing))
                .containsExactly(new double[] {0, 0, -3, 2}, within(1e-9));
    }

    @Test
    void steps_areDoneInTheirOrder() {
        Linear swap = new Linear(
                "2_Dense.linear",
                Nd4j.createFromArray(new double[][] {{0, 1, 1}, {1, 0, 0}}),
                Nd4j.createFromArray(0.5, 0, -1));

        // [2, 1] -> [1.5, 2, 1]; [-3, 4] -> [4.5, -3, -4]
        assertPooled(Pooling.MEAN.then(swap), 1.5, 2, 1, 4.5, -3, -4);
        assertPooled(Pooling.MEAN.then(swap, new Activation(Function.RELU)).truncated(2), 1.5, 2, 4.5, 0);
        assertPooled(
                Pooling.MEAN.then(new Linear("d", swap.weight(), null), new Activation(Function.TANH)),
                Math.tanh(1),
                Math.tanh(2),
                Math.tanh(2),
                Math.tanh(4),
                Math.tanh(-3),
                Math.tanh(-3));
        // Of [2, 1]: mean 1.5, deviation 0.5; of [-3, 4]: mean 0.5, deviation 3.5
        assertPooled(
                Pooling.MEAN.then(
                        new LayerNorm("head.norm", Nd4j.createFromArray(2.0, 3.0), Nd4j.createFromArray(1.0, 1.0), 0)),
                3,
                -2,
                -1,
                4);
    }

    @Test
    void truncated_isNormalizedAgain_ifItWas() {
        double length = Math.sqrt(1 + 4 + 9 + 16);
        Pooling joined = Pooling.of(Mode.CLS, Mode.MAX);

        double[] whole = pooled(joined.normalized());
        assertThat(whole[0]).isCloseTo(1 / length, within(1e-12));
        double[] cut = pooled(joined.normalized().truncated(2));
        assertThat(cut).containsExactly(new double[] {1 / Math.sqrt(5), -2 / Math.sqrt(5), -1, 0}, within(1e-9));
        assertPooled(joined.truncated(3), 1, -2, 3, -1, 0, -1);
    }

    @ParameterizedTest
    @CsvSource({
        "IDENTITY, 0.7",
        "TANH, 0.6043677771171635",
        "RELU, 0.7",
        "GELU, 0.5306254434438497",
        "GELU_NEW, 0.5305701347051167",
        "SILU, 0.46773144051771626",
        "SIGMOID, 0.6681877721681662"
    })
    void functions_areThoseOfPyTorch(Function function, double at) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.DOUBLE, -1, 1);
        SDVariable y = Pooling.CLS.then(new Activation(function)).appendSteps(x, "y");

        double value = sd.output(Map.of("x", Nd4j.createFromArray(new double[][] {{0.7}})), y.name())
                .get(y.name())
                .getDouble(0);

        assertThat(value).isCloseTo(at, within(1e-6));
    }

    @Test
    void names_giveThePoolingAgain_andThoseOfEarlierVersionsStayWhatTheyWere() {
        Linear dense = new Linear("2_Dense.linear", Nd4j.createFromArray(new double[][] {{1}, {2}}), null);
        Pooling all = Pooling.of(Mode.CLS, Mode.MEAN)
                .withoutPrompt()
                .then(dense, new Activation(Function.TANH))
                .normalized();

        assertThat(List.of(Pooling.MEAN, Pooling.NORMALIZED_MEAN, Pooling.CLS, Pooling.NORMALIZED_CLS, Pooling.POOLER))
                .extracting(Pooling::name)
                .containsExactly("MEAN", "NORMALIZED_MEAN", "CLS", "NORMALIZED_CLS", "POOLER");
        for (String name :
                List.of("MEAN", "NORMALIZED_CLS", "CLS+MAX > NORMALIZE > FIRST 3 > NORMALIZE", "LAST_TOKEN > TANH")) {
            assertThat(Pooling.valueOf(name).name()).isEqualTo(name);
        }
        assertThat(all.name())
                .startsWith("CLS+MEAN > WITHOUT_PROMPT > LINEAR 2_Dense.linear 2x1 ")
                .endsWith(" > TANH > NORMALIZE");
        assertThat(all.named(all.name())).isEqualTo(all);
        assertThat(Pooling.valueOf("MEAN > NORMALIZE")).isEqualTo(Pooling.NORMALIZED_MEAN);
        Linear other = new Linear("2_Dense.linear", Nd4j.createFromArray(new double[][] {{1}, {3}}), null);
        assertThat(Pooling.CLS.then(other)).isNotEqualTo(Pooling.CLS.then(dense));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Pooling.valueOf(all.name()))
                .withMessageContaining("no pooling is called");
        for (String name : List.of("", "mean", "NORMALIZED_", "MEAN > ", "MEAN+MEAN", "FIRST 0", "MEAN > FIRST 0")) {
            assertThatIllegalArgumentException().as(name).isThrownBy(() -> Pooling.valueOf(name));
        }
    }

    @Test
    void stepsThatDoNotFit_areRefused() {
        Linear dense = new Linear("d", Nd4j.createFromArray(new double[][] {{1}, {2}}), null);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> Pooling.of(Mode.CLS, Mode.MAX).then(dense).dimension(2))
                .withMessageContaining("the linear module \"d\" takes vectors of length 2; expected 4");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Pooling.CLS.truncated(3).dimension(2))
                .withMessageContaining("dimensions = 3; expected at most 2");
        assertThatIllegalArgumentException().isThrownBy(() -> Pooling.CLS.truncated(0));
        assertThatIllegalArgumentException().isThrownBy(Pooling::of);
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        new Linear("d", Nd4j.createFromArray(new double[][] {{1}}), Nd4j.createFromArray(1.0, 2.0)))
                .withMessageContaining("expected [in, out] and [out]");
    }
}
