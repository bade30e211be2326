/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

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
 * @param patches the windows
 * @param series whether inputs and outputs are [batch, size, time]
 * @param channelsLast whether they are [batch, height, width, channels]
 */
record LocalWindows(Patches2D patches, boolean series, boolean channelsLast) {

    private static final int[] NO_DILATION = {1, 1};

    static LocalWindows of(LocallyConnected1D layer, long batch) {
        Patches1D series = Patches1D.of(
                layer.getKernel(),
                layer.getStride(),
                layer.getPadding(),
                1,
                new long[] {batch, layer.getNIn(), layer.getInputSize()},
                layer.getOutputSize());
        return new LocalWindows(series.image(), true, false);
    }

    static LocalWindows of(LocallyConnected2D layer, long batch) {
        int[] in = layer.getInputSize();
        Patches2D patches = new Patches2D(
                layer.getKernel(),
                layer.getStride(),
                layer.getPadding(),
                NO_DILATION,
                layer.getCm() == ConvolutionMode.Same,
                new long[] {batch, layer.getNIn(), in[0], in[1]},
                layer.getOutputSize());
        return new LocalWindows(patches, false, layer.getFormat() == CNN2DFormat.NHWC);
    }

    private long batch() {
        return patches.image()[0];
    }

    private int height() {
        return patches.out()[0];
    }

    private int width() {
        return patches.out()[1];
    }

    long positions() {
        return (long) height() * width();
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
        return rows.reshape('c', true, batch(), height(), width(), rows.size(1))
                .permute(2, 1, 0, 3)
                .dup('c')
                .reshape('c', true, positions(), batch(), rows.size(1));
    }

    /** The gradient of an input from those of what each position sees: a new array. */
    INDArray fold(INDArray windows) {
        INDArray rows = windows.reshape('c', true, width(), height(), batch(), windows.size(2))
                .permute(2, 1, 0, 3)
                .dup('c')
                .reshape('c', true, batch() * positions(), windows.size(2));
        INDArray image = patches.fold(rows, Nd4j.createUninitialized(windows.dataType(), patches.image(), 'c'));
        return channelsLast ? image.permute(0, 2, 3, 1) : image.reshape('c', true, inputShape());
    }

    /** The output made up of what the positions give, [positions, batch, channels]: a new array. */
    INDArray output(INDArray values) {
        INDArray grid = values.reshape('c', true, height(), width(), batch(), values.size(2));
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
                        .reshape('c', true, batch(), channels, height(), width())
                        .permute(2, 3, 0, 1);
        return grid.dup('c').reshape('c', true, positions(), batch(), channels);
    }
}
