/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.graph.OpContext;
import org.lora4j.method.ModuleShape;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv1DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv3DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A convolution over one, two or three spatial axes with weights {@code [kernel..., in, out]}, channels first or last,
 * any stride, padding and dilation. A is a convolution of the same geometry, B a pointwise one.
 */
final class ConvolutionForm implements SiteForm {

    private final int axes;
    private final String op;

    ConvolutionForm(int axes, String op) {
        this.axes = axes;
        this.op = op;
    }

    @Override
    public String name() {
        return op;
    }

    @Override
    public Set<String> ops() {
        return Set.of(op);
    }

    // The integer arguments: kernel, stride, padding and dilation of every axis, padding mode, 1 for channels last,
    // and, if present, the layout of the weights.
    private int channelsLastArgument() {
        return 4 * axes + 1;
    }

    @Override
    public List<Finding> inspect(GraphReader reader, SameDiffOp conv) {
        Operand weight = reader.operand(conv, 1);
        if (!weight.parameter()) {
            return List.of();
        }
        if (reader.operand(conv, 0).parameter()) {
            return Forms.refuseWithoutActivation(weight, conv);
        }
        String problem = weight.problem(axes + 2);
        long weightsFormat = Forms.argument(conv, channelsLastArgument() + 1, 0);
        if (problem == null && weightsFormat != 0) {
            problem = "op \"" + conv.getName() + "\" has its weights in format " + weightsFormat
                    + " (output channels first); expected format 0, [kernel..., in, out], the only one that SameDiff can"
                    + " differentiate. Permute the weights";
        }
        return List.of(problem == null ? site(reader, conv, weight) : Forms.refuse(weight, conv, problem));
    }

    private Site site(GraphReader reader, SameDiffOp conv, Operand weight) {
        long[] sizes = weight.shape();
        long out = sizes[axes + 1];
        ModuleShape shape = ModuleShape.convolution(sizes[axes], out, Arrays.copyOf(sizes, axes));
        String bias = GraphOrder.inputs(conv).size() > 2
                ? reader.operand(conv, 2).leaf()
                : reader.biasBehind(conv.getOutputsOfOp().get(0), out);
        return new Site(
                this, conv.getName(), 0, 1, weight.leaf(), bias, null, shape, Layout.WINDOW_FIRST, Layout.WINDOW_FIRST);
    }

    private boolean channelsLast(OpContext context) {
        long[] arguments = ((DynamicCustomOp) context.op()).iArgs();
        return arguments.length > channelsLastArgument() && arguments[channelsLastArgument()] == 1;
    }

    @Override
    public SDVariable narrow(OpContext context, Site site, SDVariable x, SDVariable a) {
        return context.emit(List.of(x, a)).get(0);
    }

    @Override
    public SDVariable widen(OpContext context, Site site, SDVariable thin, SDVariable b, SDVariable like) {
        SameDiff graph = context.graph();
        boolean last = channelsLast(context);
        return switch (axes) {
            case 1 ->
                graph.cnn()
                        .conv1d(
                                thin,
                                b,
                                Conv1DConfig.builder()
                                        .k(1)
                                        .paddingMode(PaddingMode.VALID)
                                        .dataFormat(last ? Conv1DConfig.NWC : Conv1DConfig.NCW)
                                        .build());
            case 2 ->
                graph.cnn()
                        .conv2d(
                                thin,
                                b,
                                Conv2DConfig.builder()
                                        .kH(1)
                                        .kW(1)
                                        .paddingMode(PaddingMode.VALID)
                                        .dataFormat(last ? Conv2DConfig.NHWC : Conv2DConfig.NCHW)
                                        .build());
            default ->
                graph.cnn()
                        .conv3d(
                                thin,
                                b,
                                Conv3DConfig.builder()
                                        .kD(1)
                                        .kH(1)
                                        .kW(1)
                                        .paddingMode(PaddingMode.VALID)
                                        .dataFormat(last ? Conv3DConfig.NDHWC : Conv3DConfig.NCDHW)
                                        .build());
        };
    }

    @Override
    public SDVariable alongOutputs(OpContext context, Site site, SDVariable perOutput) {
        return alongChannels(context, perOutput, site.shape().outputs());
    }

    @Override
    public SDVariable alongInputs(OpContext context, Site site, SDVariable perInput) {
        return alongChannels(context, perInput, site.shape().inputs());
    }

    @Override
    public SDVariable inputRows(OpContext context, Site site, SDVariable x) {
        return context.graph()
                .reshape(channelsLast(context, x), -1, site.shape().inputs());
    }

    @Override
    public SDVariable fromInputRows(OpContext context, Site site, SDVariable rows, SDVariable x) {
        return fromRows(context, rows, x);
    }

    @Override
    public SDVariable outputRows(OpContext context, Site site, SDVariable y) {
        return context.graph()
                .reshape(channelsLast(context, y), -1, site.shape().outputs());
    }

    @Override
    public SDVariable fromOutputRows(OpContext context, Site site, SDVariable rows, SDVariable y) {
        return fromRows(context, rows, y);
    }

    private SDVariable channelsLast(OpContext context, SDVariable x) {
        int[] order = IntStream.concat(IntStream.of(0), IntStream.rangeClosed(2, axes + 2))
                .map(axis -> axis == axes + 2 ? 1 : axis)
                .toArray();
        return channelsLast(context) ? x : context.graph().permute(x, order);
    }

    private SDVariable fromRows(OpContext context, SDVariable rows, SDVariable x) {
        SameDiff graph = context.graph();
        SDVariable last = graph.reshape(rows, graph.shape(channelsLast(context, x)));
        int[] order = IntStream.concat(IntStream.of(0, axes + 1), IntStream.rangeClosed(1, axes))
                .toArray();
        return channelsLast(context) ? last : graph.permute(last, order);
    }

    /** The windows of the input, moved by 1, [positions, inputs * window]. */
    SDVariable patchRows(OpContext context, Site site, SDVariable x) {
        SDVariable positionsFirst = context.graph().permute(patches(context, site, x), 0, 4, 5, 1, 2, 3);
        return context.graph().reshape(positionsFirst, -1, site.shape().fanIn());
    }

    /** What PEFT's OFT makes of such rows. */
    SDVariable fromPatchRows(OpContext context, Site site, SDVariable rows, SDVariable x) {
        SameDiff graph = context.graph();
        int high = site.shape().kernel().get(0).intValue();
        int wide = site.shape().kernel().get(1).intValue();
        SDVariable patches = patches(context, site, x);
        SDVariable positionsFirst = graph.reshape(rows, graph.shape(graph.permute(patches, 0, 4, 5, 1, 2, 3)));
        SDVariable channelsFirst = graph.permute(positionsFirst, 0, 3, 1, 2, 4, 5);
        SDVariable columns = graph.reshape(channelsFirst, graph.shape(patches));
        SDVariable sum = null;
        for (int i = 0; i < high; i++) {
            for (int j = 0; j < wide; j++) {
                SDVariable one = columns.get(
                        SDIndex.all(), SDIndex.all(), SDIndex.interval(i, i + 1), SDIndex.interval(j, j + 1));
                SDVariable flat = graph.squeeze(graph.squeeze(one, 3), 2);
                int[][] around = {{0, 0}, {0, 0}, {i, high - 1 - i}, {j, wide - 1 - j}};
                SDVariable placed = graph.nn().pad(flat, graph.constant(Nd4j.createFromArray(around)), 0);
                sum = sum == null ? placed : sum.add(placed);
            }
        }
        return channelsLast(context) ? graph.permute(sum, 0, 2, 3, 1) : sum;
    }

    /** [batch, inputs, window, positions]. */
    private SDVariable patches(OpContext context, Site site, SDVariable x) {
        SameDiff graph = context.graph();
        Conv2DConfig windows = Conv2DConfig.builder()
                .kH(site.shape().kernel().get(0))
                .kW(site.shape().kernel().get(1))
                .paddingMode(PaddingMode.VALID)
                .build();
        return graph.cnn().im2Col(channelsLast(context) ? graph.permute(x, 0, 3, 1, 2) : x, windows);
    }

    private SDVariable alongChannels(OpContext context, SDVariable values, long channels) {
        if (channelsLast(context)) {
            return values;
        }
        long[] shape = new long[axes + 2];
        Arrays.fill(shape, 1);
        shape[1] = channels;
        return context.graph().reshape(values, shape);
    }
}
