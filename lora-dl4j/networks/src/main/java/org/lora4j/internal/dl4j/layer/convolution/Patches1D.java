/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.util.Convolution1DUtils;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The patches of a series [batch, channels, time]: an image that is one pixel wide. */
record Patches1D(Patches2D image) implements Patches {

    static Patches1D of(Convolution1DLayer layer, ConvolutionMode mode, INDArray series) {
        int kernel = layer.getKernelSize()[0];
        int stride = layer.getStride()[0];
        int dilation = layer.getDilation()[0];
        int padding = layer.getPadding()[0];
        int in = (int) series.size(2);
        int out = (int) Convolution1DUtils.getOutputSize(in, kernel, stride, padding, mode, dilation);
        int before = switch (mode) {
            case Same -> Convolution1DUtils.getSameModeTopLeftPadding(out, in, kernel, stride, dilation);
            case Causal -> (kernel - 1) * dilation;
            case Strict, Truncate -> padding;
        };
        boolean byStride = mode == ConvolutionMode.Same || mode == ConvolutionMode.Causal;
        return of(kernel, stride, before, dilation, byStride, series.shape(), out);
    }

    /**
     * The patches of a given geometry.
     *
     * @param byStride whether the stride alone decides how many positions there are, as with padding that makes up for the
     *     window
     */
    static Patches1D of(int kernel, int stride, int before, int dilation, boolean byStride, long[] series, int out) {
        return new Patches1D(new Patches2D(
                new int[] {kernel, 1},
                new int[] {stride, 1},
                new int[] {before, 0},
                new int[] {dilation, 1},
                byStride,
                new long[] {series[0], series[1], series[2], 1},
                new int[] {out, 1}));
    }

    @Override
    public INDArray rows(INDArray of) {
        return image.rows(of.dup('c').reshape('c', image.image()));
    }

    @Override
    public INDArray fold(INDArray rows, INDArray into) {
        image.fold(rows, into.reshape('c', true, image.image()));
        return into;
    }
}
