/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import static org.nd4j.linalg.indexing.NDArrayIndex.all;
import static org.nd4j.linalg.indexing.NDArrayIndex.point;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.util.Convolution3DUtils;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The patches of a volume [batch, channels, depth, height, width]. For each depth within the window they are the patches of
 * images, for which there is a native operation.
 *
 * @param depth kernel, stride, padding and dilation along the depth
 * @param plane the other two axes; its batch counts the output depths of all examples
 * @param volume shape of the volume
 */
record Patches3D(Depth depth, Patches2D plane, long[] volume) implements Patches {

    /** The geometry of one axis. */
    record Depth(int kernel, int stride, int padding, int dilation, int out) {

        /** Where the window of an output position reaches at an offset; outside of the volume for padding. */
        int at(int position, int offset) {
            return position * stride - padding + offset * dilation;
        }
    }

    static Patches3D of(Convolution3D layer, ConvolutionMode mode, INDArray volume) {
        boolean same = mode == ConvolutionMode.Same;
        int[] kernel = layer.getKernelSize();
        int[] stride = layer.getStride();
        int[] dilation = layer.getDilation();
        int[] out = Convolution3DUtils.get3DOutputSize(
                volume, kernel, stride, same ? null : layer.getPadding(), mode, dilation, true);
        int[] in = {(int) volume.size(2), (int) volume.size(3), (int) volume.size(4)};
        int[] padding = same
                ? Convolution3DUtils.get3DSameModeTopLeftPadding(out, in, kernel, stride, dilation)
                : layer.getPadding();
        Patches2D plane = new Patches2D(
                rest(kernel),
                rest(stride),
                rest(padding),
                rest(dilation),
                same,
                new long[] {volume.size(0) * out[0], volume.size(1), in[1], in[2]},
                rest(out));
        Depth depth = new Depth(kernel[0], stride[0], padding[0], dilation[0], out[0]);
        return new Patches3D(depth, plane, volume.shape());
    }

    private static int[] rest(int[] sizes) {
        return new int[] {sizes[1], sizes[2]};
    }

    private long[] rowsByWindow() {
        return new long[] {
            plane.image()[0],
            plane.out()[0],
            plane.out()[1],
            volume[1],
            depth.kernel(),
            plane.kernel()[0],
            plane.kernel()[1]
        };
    }

    /** What a depth of the window sees, as [planes, channels, kernel, kernel, height, width]; a view. */
    private static INDArray windows(INDArray rows, int offset) {
        return rows.get(all(), all(), all(), all(), point(offset), all(), all()).permute(0, 3, 4, 5, 1, 2);
    }

    /** Copies what a depth of the window sees of some planes. */
    private void gather(INDArray planes, INDArray rows, int offset) {
        long[] shape = rows.shape();
        INDArray byPosition =
                rows.reshape('c', true, shape[0], shape[1] * shape[2], shape[3], shape[4], shape[5] * shape[6]);
        plane.windows(
                planes.reshape('c', true, plane.image()),
                (some, windows) ->
                        byPosition.get(some, all(), all(), point(offset), all()).assign(windows.permute(0, 3, 1, 2)));
    }

    private boolean isInside(int at) {
        return at >= 0 && at < volume[2];
    }

    private long[] planes() {
        return new long[] {volume[0], depth.out(), volume[1], volume[3], volume[4]};
    }

    @Override
    public INDArray rows(INDArray of) {
        long[] shape = rowsByWindow();
        INDArray rows = Nd4j.createUninitialized(of.dataType(), shape, 'c');
        for (int offset = 0; offset < depth.kernel(); offset++) {
            INDArray planes = Nd4j.create(of.dataType(), planes(), 'c');
            for (int i = 0; i < depth.out(); i++) {
                int at = depth.at(i, offset);
                if (isInside(at)) {
                    planes.get(all(), point(i), all(), all(), all())
                            .assign(of.get(all(), all(), point(at), all(), all()));
                }
            }
            gather(planes, rows, offset);
        }
        long positions = shape[0] * shape[1] * shape[2];
        return rows.reshape('c', true, positions, rows.length() / positions);
    }

    @Override
    public INDArray fold(INDArray rows, INDArray into) {
        into.assign(0);
        INDArray byWindow = rows.reshape('c', true, rowsByWindow());
        for (int offset = 0; offset < depth.kernel(); offset++) {
            INDArray planes = Nd4j.createUninitialized(rows.dataType(), planes(), 'c');
            plane.spread(windows(byWindow, offset), planes.reshape('c', true, plane.image()));
            for (int i = 0; i < depth.out(); i++) {
                int at = depth.at(i, offset);
                if (isInside(at)) {
                    into.get(all(), all(), point(at), all(), all())
                            .addi(planes.get(all(), point(i), all(), all(), all()));
                }
            }
        }
        return into;
    }
}
