/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The native depth-wise convolution, with weights {@code [kernel, kernel, in, multiplier]}.
 *
 * @param arguments geometry, as the operation takes it
 */
record Depthwise(int... arguments) {

    static Depthwise of(ConvolutionLayer layer, ConvolutionMode mode, INDArray image, CNN2DFormat format) {
        boolean same = mode == ConvolutionMode.Same;
        boolean channelsLast = format == CNN2DFormat.NHWC;
        int[] kernel = layer.getKernelSize();
        int[] stride = layer.getStride();
        int[] dilation = layer.getDilation();
        int[] padding = layer.getPadding();
        if (same) {
            int[] in = {(int) image.size(channelsLast ? 1 : 2), (int) image.size(channelsLast ? 2 : 3)};
            int[] out = ConvolutionUtils.getOutputSize(image, kernel, stride, null, mode, dilation, format);
            padding = ConvolutionUtils.getSameModeTopLeftPadding(out, in, kernel, stride, dilation);
        }
        return new Depthwise(
                kernel[0],
                kernel[1],
                stride[0],
                stride[1],
                padding[0],
                padding[1],
                dilation[0],
                dilation[1],
                same ? 1 : 0,
                channelsLast ? 1 : 0);
    }

    /** The output: a new array. */
    INDArray forward(INDArray image, INDArray weight) {
        return Nd4j.exec(DynamicCustomOp.builder("depthwise_conv2d")
                .addInputs(image, weight)
                .addIntegerArguments(arguments)
                .build())[0];
    }

    /** The gradients of the image and of the weight: new arrays. */
    Pair<INDArray, INDArray> backward(INDArray image, INDArray weight, INDArray delta) {
        INDArray ofImage = Nd4j.create(image.dataType(), image.shape(), 'c');
        INDArray ofWeight = Nd4j.create(weight.dataType(), weight.shape(), 'c');
        Nd4j.exec(DynamicCustomOp.builder("depthwise_conv2d_bp")
                .addInputs(image, weight, delta)
                .addOutputs(ofImage, ofWeight)
                .addIntegerArguments(arguments)
                .build());
        return new Pair<>(ofImage, ofWeight);
    }
}
