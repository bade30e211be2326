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

/**
 * The patches that a convolution sees of an image [batch, channels, height, width]: one row for each output position, in
 * the order batch, height, width; in a row, channels, then the window.
 */
record Patches2D(int[] kernel, int[] stride, int[] padding, int[] dilation, boolean same, long[] image, int[] out)
        implements Patches {

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

    /**
     * The patches of an image. ND4J's own operation takes five times as long to write them in this order (20 nanoseconds a
     * value), and more than half of a training step of a small convolution.
     */
    @Override
    public INDArray rows(INDArray of) {
        if (of.dataType() != DataType.FLOAT) {
            INDArray patches = Nd4j.createUninitialized(
                    of.dataType(), new long[] {image[0], out[0], out[1], image[1], kernel[0], kernel[1]}, 'c');
            gather(of, patches.permute(0, 3, 4, 5, 1, 2));
            return patches.reshape('c', true, shape());
        }
        int[] places = places();
        float[] pixels = of.dup('c').data().asFloat();
        float[] rows = new float[Math.toIntExact(image[0] * places.length)];
        int size = (int) (image[1] * image[2] * image[3]);
        for (int example = 0, next = 0; example < image[0]; example++) {
            int first = example * size;
            for (int place : places) {
                rows[next++] = place < 0 ? 0 : pixels[first + place];
            }
        }
        return Nd4j.create(rows, shape(), 'c');
    }

    private long[] shape() {
        return new long[] {image[0] * out[0] * out[1], image[1] * kernel[0] * kernel[1]};
    }

    /** For each value in the patches of one image where in the image it lies; -1 outside of it. */
    private int[] places() {
        int height = (int) image[2];
        int width = (int) image[3];
        int[] places = new int[Math.toIntExact(image[1] * out[0] * out[1] * kernel[0] * kernel[1])];
        int next = 0;
        for (int position = 0; position < out[0] * out[1]; position++) {
            int top = position / out[1] * stride[0] - padding[0];
            int left = position % out[1] * stride[1] - padding[1];
            for (int channel = 0; channel < image[1]; channel++) {
                for (int i = 0; i < kernel[0] * kernel[1]; i++) {
                    int row = top + i / kernel[1] * dilation[0];
                    int column = left + i % kernel[1] * dilation[1];
                    boolean inside = row >= 0 && row < height && column >= 0 && column < width;
                    places[next++] = inside ? (channel * height + row) * width + column : -1;
                }
            }
        }
        return places;
    }

    /** Copies the windows of an image to [batch, channels, kernel, kernel, height, width]. */
    void gather(INDArray of, INDArray windows) {
        Convolution.im2col(
                of,
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
    }

    INDArray emptyRows(DataType type, long count) {
        return Nd4j.createUninitialized(type, new long[] {count, image[1] * kernel[0] * kernel[1]}, 'c');
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
