/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import static org.nd4j.linalg.indexing.NDArrayIndex.all;
import static org.nd4j.linalg.indexing.NDArrayIndex.interval;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.convolution.Convolution;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;

/**
 * The patches that a convolution sees of an image [batch, channels, height, width]: one row for each output position, in
 * the order batch, height, width; in a row, channels, then the window.
 */
record Patches2D(int[] kernel, int[] stride, int[] padding, int[] dilation, boolean same, long[] image, int[] out)
        implements Patches {

    /** Not so many that they leave the cache, and not so few that calls cost more than copies. */
    private static final long VALUES_AT_A_TIME = 1 << 18;

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

    /** Takes the windows of some examples, [examples, channels, window, positions] in C order, and is done with them. */
    @FunctionalInterface
    interface Reader {

        /** @param examples which of the batch they belong to */
        void read(INDArrayIndex examples, INDArray windows);
    }

    @Override
    public INDArray rows(INDArray of) {
        INDArray rows = emptyRows(of.dataType());
        INDArray byExample = rows.reshape('c', true, image[0], positions(), rows.size(1));
        windows(
                of,
                (examples, windows) -> byExample
                        .get(examples, all(), all())
                        .assign(windows.reshape('c', true, windows.size(0), rows.size(1), positions())
                                .permute(0, 2, 1)));
        return rows;
    }

    private long positions() {
        return (long) out[0] * out[1];
    }

    private long window() {
        return (long) kernel[0] * kernel[1];
    }

    /**
     * Hands out the windows of an image. The native operation fills this order about ten times as fast as one that is
     * permuted, rows for instance, and moving a few examples at a time keeps them in the cache.
     */
    void windows(INDArray of, Reader reader) {
        INDArray dense = Positions.isDense(of) ? of : of.dup('c');
        long batch = image[0];
        long step = Math.min(batch, Math.max(1, VALUES_AT_A_TIME / (image[1] * window() * positions())));
        for (long from = 0; from < batch; from += step) {
            long count = Math.min(step, batch - from);
            INDArray windows = Nd4j.createUninitialized(
                    of.dataType(), new long[] {count, image[1], kernel[0], kernel[1], out[0], out[1]}, 'c');
            INDArrayIndex examples = interval(from, from + count);
            Convolution.im2col(
                    dense.get(examples, all(), all(), all()),
                    kernel[0],
                    kernel[1],
                    stride[0],
                    stride[1],
                    padding[0],
                    padding[1],
                    dilation[0],
                    dilation[1],
                    same,
                    windows);
            reader.read(examples, windows.reshape('c', true, count, image[1], window(), positions()));
        }
    }

    private INDArray emptyRows(DataType type) {
        return Nd4j.createUninitialized(type, new long[] {image[0] * positions(), image[1] * window()}, 'c');
    }

    /** Adds up the patches at the pixels they came from; returns {@code into}. */
    @Override
    public INDArray fold(INDArray rows, INDArray into) {
        INDArray patches = rows.reshape('c', true, image[0], out[0], out[1], image[1], kernel[0], kernel[1]);
        spread(patches.permute(0, 3, 4, 5, 1, 2), into);
        return into;
    }

    /** Adds up windows [batch, channels, kernel, kernel, height, width]; overwrites {@code into}. */
    void spread(INDArray windows, INDArray into) {
        Convolution.col2im(
                windows,
                into,
                stride[0],
                stride[1],
                padding[0],
                padding[1],
                (int) image[2],
                (int) image[3],
                dilation[0],
                dilation[1]);
    }
}
