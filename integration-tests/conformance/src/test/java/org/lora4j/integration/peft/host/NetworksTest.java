/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.integration.peft.cases.Tolerance;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Networks of which no golden case is at hand compute what the loops of PyTorch's definitions give. */
class NetworksTest {

    private static final Tolerance TOLERANCE = new Tolerance(1e-5, 1e-4);

    private final SplittableRandom random = new SplittableRandom(3);

    private static GoldenCase golden(String about, Map<String, INDArray> base, Map<String, INDArray> io)
            throws IOException {
        JsonNode json = new ObjectMapper().readTree(about.replace('\'', '"'));
        return new GoldenCase(Path.of("none"), json, new TreeMap<>(base), new TreeMap<>(io));
    }

    private static void assertComputes(GoldenCase golden) throws IOException {
        HostModel model = new SameDiffHost().build(golden, Loss.SUM_OF_SQUARES);

        Tolerance.Difference difference =
                TOLERANCE.compare(model.output(), golden.io().get("y_base"));

        assertThat(difference.problem()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "1, 3, 1, 1, 1, 1",
        "1, 3, 2, 1, 2, 1",
        "1, 3, 1, 2, 2, 2",
        "2, 3, 2, 1, 1, 1",
        "2, 3, 1, 2, 2, 1",
        "2, 3, 1, 1, 1, 2",
        "2, 3, 2, 2, 2, 4",
        "3, 1, 1, 0, 1, 1",
        "3, 3, 1, 1, 1, 1",
        "3, 2, 2, 1, 2, 2",
    })
    void convolution_ofAnyGeometry_isPyTorchs(int axes, long k, long stride, long padding, long dilation, long groups)
            throws IOException {
        long[] window = LongStream.generate(() -> k).limit(axes).toArray();
        long[] space = LongStream.of(8, 7, 6).limit(axes).toArray();
        INDArray x = Torch.random(random, shape(2, 4, space));
        INDArray w = Torch.random(random, shape(8, 4 / groups, window));
        INDArray bias = Torch.random(random, 8);
        INDArray head = Torch.random(random, 3, 8);
        INDArray headBias = Torch.random(random, 3);
        long[] strides = perAxis(stride, 1, axes);
        INDArray y = Torch.conv3d(
                full(x), full(w), bias, strides, perAxis(padding, 0, axes), perAxis(dilation, 1, axes), groups);
        INDArray mean = Nd4j.zeros(y.dataType(), 2, 8);
        for (long n = 0; n < 2; n++) {
            for (long o = 0; o < 8; o++) {
                INDArray plane = y.slice(n).slice(o);
                double sum = 0;
                for (long i = 0; i < plane.length(); i++) {
                    sum += Math.max(0, plane.getDouble(i));
                }
                mean.putScalar(n, o, sum / plane.length());
            }
        }
        String about = "{'model': 'convnet', 'params': {'nd': " + axes + ", 'convs': [{'k': " + k + ", 'stride': "
                + stride + ", 'padding': " + padding + ", 'dilation': " + dilation + ", 'groups': " + groups + "}]}}";

        assertComputes(golden(
                about,
                Map.of("conv1.weight", w, "conv1.bias", bias, "fc.weight", head, "fc.bias", headBias),
                Map.of("x", x, "y_base", mean.mmul(head.transpose()).addRowVector(headBias))));
    }

    private static long[] shape(long first, long second, long[] rest) {
        return LongStream.concat(LongStream.of(first, second), Arrays.stream(rest))
                .toArray();
    }

    private static long[] perAxis(long value, long absent, int axes) {
        return new long[] {value, axes > 1 ? value : absent, axes > 2 ? value : absent};
    }

    private static INDArray full(INDArray array) {
        return array.reshape(
                'c',
                Arrays.stream(Arrays.copyOf(array.shape(), 5))
                        .map(s -> s == 0 ? 1 : s)
                        .toArray());
    }

    @Test
    void merged_ofAConvolutionInGroups_hasThePyTorchShapeAndValues() throws IOException {
        INDArray w = Torch.random(random, 8, 2, 3, 3);
        GoldenCase golden = golden(
                "{'model': 'convnet', 'params': {'nd': 2, 'convs': [{'k': 3, 'groups': 2}]}}",
                Map.of(
                        "conv1.weight",
                        w,
                        "conv1.bias",
                        Torch.random(random, 8),
                        "fc.weight",
                        Torch.random(random, 3, 8)),
                Map.of("x", Torch.random(random, 2, 4, 5, 5), "y_base", Nd4j.zeros(2, 3)));
        Net net = Convolutions.net(golden);

        INDArray found = net.layers().weights(net.layers().graph()).get("conv1.weight");

        assertThat(TOLERANCE.compare(found, w).largest()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"true, false, false", "false, false, false", "true, true, false", "true, false, true"})
    void multiheadAttention_withAHead_isFoundAmongTheGuesses(boolean headsGiven, boolean residual, boolean last)
            throws IOException {
        INDArray x = Torch.random(random, 2, 5, 8);
        Map<String, INDArray> base = new TreeMap<>(Map.of(
                "mha.in_proj_weight", Torch.random(random, 24, 8),
                "mha.in_proj_bias", Torch.random(random, 24),
                "mha.out_proj.weight", Torch.random(random, 8, 8),
                "mha.out_proj.bias", Torch.random(random, 8),
                "fc.weight", Torch.random(random, 3, 8),
                "fc.bias", Torch.random(random, 3)));
        double[][][] packed = Torch.linear(Torch.cube(x), base.get("mha.in_proj_weight"), base.get("mha.in_proj_bias"));
        double[][][] context =
                Torch.attention(columns(packed, 0, 8), columns(packed, 8, 16), columns(packed, 16, 24), 4, 4, false);
        double[][][] result = Torch.linear(context, base.get("mha.out_proj.weight"), base.get("mha.out_proj.bias"));
        INDArray h = Torch.array(result).add(residual ? x : x.mul(0));
        INDArray pooled = last ? h.tensorAlongDimension(4, 0, 2).dup() : h.mean(1);
        INDArray y = pooled.mmul(base.get("fc.weight").transpose()).addRowVector(base.get("fc.bias"));
        String params = headsGiven ? "{'d': 8, 'heads': 4}" : "{'d': 8}";

        assertComputes(golden("{'model': 'mha', 'params': " + params + "}", base, Map.of("x", x, "y_base", y)));
    }

    private static double[][][] columns(double[][][] x, int from, int to) {
        return Arrays.stream(x)
                .map(sequence -> Arrays.stream(sequence)
                        .map(row -> Arrays.copyOfRange(row, from, to))
                        .toArray(double[][]::new))
                .toArray(double[][][]::new);
    }

    @ParameterizedTest
    @CsvSource({"4, 2", "4, 1", "4, 4", "2, 1"})
    void attention_withGroupedKeys_servesConsecutiveQueries(int heads, int headsOfKeys) throws IOException {
        INDArray q = Torch.random(random, 2, 5, 8);
        INDArray k = Torch.random(random, 2, 5, 8L / heads * headsOfKeys);
        INDArray v = Torch.random(random, 2, 5, 8L / heads * headsOfKeys);
        INDArray expected =
                Torch.array(Torch.attention(Torch.cube(q), Torch.cube(k), Torch.cube(v), heads, headsOfKeys, true));
        Layers layers = new Layers(golden("{}", Map.of(), Map.of("q", q)));
        var graph = layers.graph();

        var y = Attention.causal(q, heads, headsOfKeys, 8L / heads)
                .apply(
                        layers,
                        graph.var("q", q.reshape(10, 8).dup()),
                        graph.var("k", k.reshape(10, k.size(2)).dup()),
                        graph.var("v", v.reshape(10, v.size(2)).dup()));

        assertThat(TOLERANCE.compare(y.eval().reshape(2, 5, 8), expected).problem())
                .isNull();
    }
}
