/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import static org.nd4j.linalg.indexing.NDArrayIndex.all;
import static org.nd4j.linalg.indexing.NDArrayIndex.interval;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What each position of a locally connected layer sees, as [positions, batch, channels * window], and how what the positions
 * give makes up the output. A series is an image that is one pixel wide.
 *
 * <p>Two habits of the stock layers are kept, as they are part of what a trained weight means: windows are not dilated,
 * whatever the dilation that went into the sizes; and the layer over images counts windows column by column but outputs row
 * by row, so that the output of a square image is transposed.
 *
 * @param patches all windows that fit
 * @param height number of windows of one column that the layer has; fewer than fit if it is dilated
 * @param width number of windows of one row
 * @param series whether inputs and outputs are [batch, size, time]
 * @param channelsLast whether they are [batch, height, width, channels]
 */
record LocalWindows(Patches2D patches, int height, int width, boolean series, boolean channelsLast) {

    private static final int[] NO_DILATION = {1, 1};

    static LocalWindows of(LocallyConnected1D layer, long batch) {
        boolean same = layer.getCm() == ConvolutionMode.Same;
        int in = layer.getInputSize();
        int fitting = fitting(same, in, layer.getKernel(), layer.getStride(), layer.getPadding());
        Patches1D series = Patches1D.of(
                layer.getKernel(),
                layer.getStride(),
                layer.getPadding(),
                1,
                same,
                new long[] {batch, layer.getNIn(), in},
                fitting);
        return new LocalWindows(series.image(), layer.getOutputSize(), 1, true, false);
    }

    static LocalWindows of(LocallyConnected2D layer, long batch) {
        boolean same = layer.getCm() == ConvolutionMode.Same;
        int[] in = layer.getInputSize();
        int[] kernel = layer.getKernel();
        int[] stride = layer.getStride();
        int[] padding = layer.getPadding();
        int[] fitting = {
            fitting(same, in[0], kernel[0], stride[0], padding[0]),
            fitting(same, in[1], kernel[1], stride[1], padding[1])
        };
        Patches2D patches = new Patches2D(
                kernel, stride, padding, NO_DILATION, same, new long[] {batch, layer.getNIn(), in[0], in[1]}, fitting);
        int[] out = layer.getOutputSize();
        return new LocalWindows(patches, out[0], out[1], false, layer.getFormat() == CNN2DFormat.NHWC);
    }

    private static int fitting(boolean same, int in, int kernel, int stride, int padding) {
        return same ? (in + stride - 1) / stride : (in + 2 * padding - kernel) / stride + 1;
    }

    private long batch() {
        return patches.image()[0];
    }

    long positions() {
        return (long) height * width;
    }

    /** The shape that an input must have. */
    long[] inputShape() {
        long[] image = patches.image();
        if (series) {
            return new long[] {image[0], image[1], image[2]};
        }
        return channelsLast ? new long[] {image[0], image[2], image[3], image[1]} : image;
    }

    /** What each position sees of an input or of a mask of it: a new array in C order. */
    INDArray inputs(INDArray input) {
        INDArray image = channelsLast ? input.permute(0, 3, 1, 2) : input;
        INDArray rows = patches.rows(image.dup('c').reshape('c', true, patches.image()));
        return rows.reshape('c', true, batch(), patches.out()[0], patches.out()[1], rows.size(1))
                .get(all(), interval(0, height), interval(0, width), all())
                .permute(2, 1, 0, 3)
                .dup('c')
                .reshape('c', true, positions(), batch(), rows.size(1));
    }

    /** The gradient of an input from those of what each position sees: a new array. */
    INDArray fold(INDArray windows) {
        long size = windows.size(2);
        INDArray grid =
                Nd4j.create(windows.dataType(), new long[] {batch(), patches.out()[0], patches.out()[1], size}, 'c');
        grid.get(all(), interval(0, height), interval(0, width), all())
                .assign(windows.reshape('c', true, width, height, batch(), size).permute(2, 1, 0, 3));
        INDArray rows = grid.reshape('c', true, grid.length() / size, size);
        INDArray image = patches.fold(rows, Nd4j.createUninitialized(windows.dataType(), patches.image(), 'c'));
        return channelsLast ? image.permute(0, 2, 3, 1) : image.reshape('c', true, inputShape());
    }

    /** The output made up of what the positions give, [positions, batch, channels]: a new array. */
    INDArray output(INDArray values) {
        INDArray grid = values.reshape('c', true, height, width, batch(), values.size(2));
        if (channelsLast) {
            return grid.permute(2, 0, 1, 3).dup('c');
        }
        INDArray image = grid.permute(2, 3, 0, 1).dup('c');
        return series ? image.reshape('c', true, batch(), values.size(2), positions()) : image;
    }

    /** The inverse of {@link #output}: a new array in C order. */
    INDArray values(INDArray output) {
        long channels = output.size(channelsLast ? 3 : 1);
        INDArray grid = channelsLast
                ? output.permute(1, 2, 0, 3)
                : output.dup('c')
                        .reshape('c', true, batch(), channels, height, width)
                        .permute(2, 3, 0, 1);
        return grid.dup('c').reshape('c', true, positions(), batch(), channels);
    }
}
