/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Images [batch, channels, sizes...] as one row of channels for each position, in the order of {@link Patches}. */
final class Positions {

    private Positions() {}

    /** Examples and channels exchanged; a view. Applied twice it gives the image back. */
    static INDArray byChannel(INDArray image) {
        int[] axes = new int[image.rank()];
        for (int i = 0; i < axes.length; i++) {
            axes[i] = i;
        }
        axes[0] = 1;
        axes[1] = 0;
        return image.permute(axes);
    }

    /** Whether an array lies in memory in C order without gaps. */
    static boolean isDense(INDArray array) {
        long stride = 1;
        for (int i = array.rank() - 1; i >= 0; i--) {
            if (array.size(i) != 1 && array.stride(i) != stride) {
                return false;
            }
            stride *= array.size(i);
        }
        return true;
    }

    /** The rows in F order, to be read only: a view of an image that lies channel after channel, as stock layers leave it. */
    static INDArray rows(INDArray image) {
        INDArray byChannel = byChannel(image);
        INDArray channels = isDense(byChannel) ? byChannel : byChannel.dup('c');
        return channels.reshape('c', true, channels.size(0), channels.length() / channels.size(0))
                .transpose();
    }

    /** Adds rows in F order to an image. */
    static void add(INDArray rows, INDArray image) {
        INDArray channels = byChannel(image);
        channels.addi(rows.transpose().reshape('c', channels.shape()));
    }

    /** The image that rows in F order make up: a new array in C order. */
    static INDArray image(INDArray rows, long... shape) {
        long[] byChannel = shape.clone();
        byChannel[0] = shape[1];
        byChannel[1] = shape[0];
        return byChannel(rows.transpose().reshape('c', byChannel)).dup('c');
    }
}
