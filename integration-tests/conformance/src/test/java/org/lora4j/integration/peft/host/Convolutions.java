/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv1DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv3DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Convolutions over one, two or three axes with rectifiers, the mean over space, and a linear head. */
final class Convolutions {

    /** Number, stride, padding and dilation of one convolution, per spatial axis. */
    private record Geometry(long[] stride, long[] padding, long[] dilation, long groups) {

        static Geometry of(JsonNode params, int axes) {
            return new Geometry(
                    perAxis(params.path("stride"), 1, axes),
                    perAxis(params.path("padding"), 0, axes),
                    perAxis(params.path("dilation"), 1, axes),
                    params.path("groups").asLong(1));
        }

        private static long[] perAxis(JsonNode value, long absent, int axes) {
            return IntStream.range(0, axes)
                    .mapToLong(axis -> value.isArray() ? value.get(axis).asLong() : value.asLong(absent))
                    .toArray();
        }
    }

    private Convolutions() {}

    static Net net(GoldenCase golden) {
        Layers layers = new Layers(golden);
        int axes = golden.io().get("x").rank() - 2;
        SDVariable h = layers.input("x");
        JsonNode convolutions = golden.params().path("convs");
        for (int i = 0; i < convolutions.size(); i++) {
            h = layers.relu(convolution(layers, "conv" + (i + 1), h, Geometry.of(convolutions.get(i), axes)));
        }
        SDVariable mean = h.mean(IntStream.range(2, axes + 2).toArray());
        return new Net(
                layers, layers.linear("fc", mean), Map.of("x", golden.io().get("x")));
    }

    private static SDVariable convolution(Layers layers, String module, SDVariable x, Geometry geometry) {
        String name = module + ".weight";
        INDArray torch = layers.array(name);
        int axes = torch.rank() - 2;
        SDVariable weight = layers.parameter(
                name,
                windowFirst(dense(torch, geometry.groups())),
                host -> blocks(windowLast(host), geometry.groups()));
        SDVariable bias = layers.has(module + ".bias") ? layers.parameter(module + ".bias") : null;
        long[] kernel = Arrays.copyOfRange(torch.shape(), 2, axes + 2);
        SameDiff graph = layers.graph();
        return switch (axes) {
            case 1 -> graph.cnn().conv1d(x, weight, bias, oneAxis(kernel, geometry));
            case 2 -> graph.cnn().conv2d(x, weight, bias, twoAxes(kernel, geometry));
            default -> graph.cnn().conv3d(x, weight, bias, threeAxes(kernel, geometry));
        };
    }

    /** {@code [out, in, window...]} to {@code [window..., in, out]}. */
    private static INDArray windowFirst(INDArray torch) {
        int axes = torch.rank() - 2;
        int[] order = IntStream.concat(IntStream.range(2, axes + 2), IntStream.of(1, 0))
                .toArray();
        return torch.permute(order).dup('c');
    }

    private static INDArray windowLast(INDArray host) {
        int axes = host.rank() - 2;
        int[] order = IntStream.concat(IntStream.of(axes + 1, axes), IntStream.range(0, axes))
                .toArray();
        return host.permute(order).dup('c');
    }

    /** SameDiff has no convolution in groups: it becomes one over all channels that is zero between the groups. */
    private static INDArray dense(INDArray torch, long groups) {
        if (groups == 1) {
            return torch;
        }
        long[] shape = torch.shape().clone();
        shape[1] *= groups;
        INDArray dense = Nd4j.zeros(torch.dataType(), shape);
        for (long group = 0; group < groups; group++) {
            dense.get(block(torch, group, groups)).assign(torch.get(outputs(torch, group, groups)));
        }
        return dense;
    }

    private static INDArray blocks(INDArray dense, long groups) {
        if (groups == 1) {
            return dense;
        }
        long[] shape = dense.shape().clone();
        shape[1] /= groups;
        INDArray torch = Nd4j.zeros(dense.dataType(), shape);
        for (long group = 0; group < groups; group++) {
            torch.get(outputs(torch, group, groups)).assign(dense.get(block(torch, group, groups)));
        }
        return torch;
    }

    private static INDArrayIndex[] outputs(INDArray torch, long group, long groups) {
        INDArrayIndex[] indices = NDArrayIndex.allFor(torch);
        long size = torch.size(0) / groups;
        indices[0] = NDArrayIndex.interval(group * size, (group + 1) * size);
        return indices;
    }

    private static INDArrayIndex[] block(INDArray torch, long group, long groups) {
        INDArrayIndex[] indices = outputs(torch, group, groups);
        indices[1] = NDArrayIndex.interval(group * torch.size(1), (group + 1) * torch.size(1));
        return indices;
    }

    private static Conv1DConfig oneAxis(long[] kernel, Geometry geometry) {
        return Conv1DConfig.builder()
                .k(kernel[0])
                .s(geometry.stride()[0])
                .p(geometry.padding()[0])
                .d(geometry.dilation()[0])
                .paddingMode(PaddingMode.VALID)
                .dataFormat(Conv1DConfig.NCW)
                .build();
    }

    private static Conv2DConfig twoAxes(long[] kernel, Geometry geometry) {
        return Conv2DConfig.builder()
                .kH(kernel[0])
                .kW(kernel[1])
                .sH(geometry.stride()[0])
                .sW(geometry.stride()[1])
                .pH(geometry.padding()[0])
                .pW(geometry.padding()[1])
                .dH(geometry.dilation()[0])
                .dW(geometry.dilation()[1])
                .paddingMode(PaddingMode.VALID)
                .dataFormat(Conv2DConfig.NCHW)
                .build();
    }

    private static Conv3DConfig threeAxes(long[] kernel, Geometry geometry) {
        return Conv3DConfig.builder()
                .kD(kernel[0])
                .kH(kernel[1])
                .kW(kernel[2])
                .sD(geometry.stride()[0])
                .sH(geometry.stride()[1])
                .sW(geometry.stride()[2])
                .pD(geometry.padding()[0])
                .pH(geometry.padding()[1])
                .pW(geometry.padding()[2])
                .dD(geometry.dilation()[0])
                .dH(geometry.dilation()[1])
                .dW(geometry.dilation()[2])
                .paddingMode(PaddingMode.VALID)
                .dataFormat(Conv3DConfig.NCDHW)
                .build();
    }
}
