/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.convolution.Convolution;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The patches that a convolution sees of an image [batch, channels, height, width]: one row for each output position, in
 * the order batch, height, width; in a row, channels, then the window.
 */
record Patches2D(int[] kernel, int[] stride, int[] padding, int[] dilation, boolean same, long[] image, int[] out) {

    static Patches2D of(ConvolutionLayer layer, ConvolutionMode mode, INDArray image) {
        boolean same = mode == ConvolutionMode.Same;
        int[] kernel = layer.getKernelSize();
        int[] stride = layer.getStride();
        int[] dilation = layer.getDilation();
        int[] out = ConvolutionUtils.getOutputSize(
                image, kernel, stride, same ? null : layer.getPadding(), mode, dilation, CNN2DFormat.NCHW);
        int[] in = {(int) image.size(2), (int) image.size(3)};
        int[] padding = same
                ? ConvolutionUtils.getSameModeTopLeftPadding(out, in, kernel, stride, dilation)
                : layer.getPadding();
        return new Patches2D(kernel, stride, padding, dilation, same, image.shape(), out);
    }

    /** How many output positions there are in a batch: the number of rows. */
    long count() {
        return image[0] * out[0] * out[1];
    }

    /**
     * The patches with one column for each position, example by example: [batch, channels * window, positions]. Native
     * im2col fills this order five times as fast as that of rows.
     */
    INDArray columns(INDArray of) {
        INDArray patches = Nd4j.createUninitialized(
                of.dataType(), new long[] {image[0], image[1], kernel[0], kernel[1], out[0], out[1]}, 'c');
        Convolution.im2col(
                of.isView() || of.ordering() != 'c' ? of.dup('c') : of,
                kernel[0],
                kernel[1],
                stride[0],
                stride[1],
                padding[0],
                padding[1],
                dilation[0],
                dilation[1],
                same,
                patches);
        return patches.reshape('c', true, image[0], image[1] * kernel[0] * kernel[1], (long) out[0] * out[1]);
    }

    /** {@code into = rows factor^T}, one row for each position. */
    void multiply(INDArray columns, INDArray factor, INDArray into) {
        for (long example = 0; example < image[0]; example++) {
            Products.set(1, columns.slice(example), true, factor, true, positionsOf(into, example));
        }
    }

    /** {@code into = left^T rows}: the gradient of a factor from the gradient of its result. */
    void gradient(INDArray columns, INDArray left, INDArray into) {
        into.assign(0);
        for (long example = 0; example < image[0]; example++) {
            Products.add(1, positionsOf(left, example), true, columns.slice(example), true, into);
        }
    }

    private INDArray positionsOf(INDArray rows, long example) {
        long size = (long) out[0] * out[1];
        return rows.get(NDArrayIndex.interval(example * size, (example + 1) * size), NDArrayIndex.all());
    }

    INDArray emptyRows(DataType type) {
        return Nd4j.createUninitialized(type, new long[] {count(), image[1] * kernel[0] * kernel[1]}, 'c');
    }

    /** Adds up the patches at the pixels they came from; returns {@code into}. */
    INDArray fold(INDArray rows, INDArray into) {
        INDArray patches = rows.reshape('c', true, image[0], out[0], out[1], image[1], kernel[0], kernel[1])
                .permute(0, 3, 4, 5, 1, 2);
        Convolution.col2im(
                patches,
                into,
                stride[0],
                stride[1],
                padding[0],
                padding[1],
                (int) image[2],
                (int) image[3],
                dilation[0],
                dilation[1]);
        return into;
    }

    /**
     * An output [batch, channels, height, width] as one row for each position.
     *
     * @param view whether a view is asked for
     * @return the rows; null if a view is asked for and the memory does not lie so
     */
    static INDArray positions(INDArray output, boolean view) {
        // What the stock layer computes lies channel after channel, in each batch, height, width.
        INDArray byChannel = output.permute(1, 0, 2, 3);
        boolean lies = byChannel.stride(3) == 1
                && byChannel.stride(2) == byChannel.size(3)
                && byChannel.stride(1) == byChannel.size(3) * byChannel.size(2)
                && byChannel.stride(0) == byChannel.stride(1) * byChannel.size(1);
        if (!lies && view) {
            return null;
        }
        INDArray dense = lies ? byChannel : byChannel.dup('c');
        return dense.reshape('c', true, dense.size(0), dense.length() / dense.size(0))
                .transpose();
    }

    /** Writes rows back that {@link #positions} copied. */
    static void write(INDArray rows, INDArray output) {
        INDArray byChannel = output.permute(1, 0, 2, 3);
        byChannel.assign(rows.transpose().reshape('c', byChannel.shape()));
    }
}
