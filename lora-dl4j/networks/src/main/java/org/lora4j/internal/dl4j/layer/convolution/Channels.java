/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.convolution;

import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The axis of channels of series, images and volumes. */
final class Channels {

    private Channels() {}

    /** A view with channels in front of the axes of space, if they are behind them. */
    static INDArray first(INDArray channelsLast) {
        int last = channelsLast.rank() - 1;
        return channelsLast.permute(IntStream.range(0, last + 1)
                .map(axis -> axis == 0 ? 0 : axis == 1 ? last : axis - 1)
                .toArray());
    }

    /** The inverse of {@link #first}. */
    static INDArray last(INDArray channelsFirst) {
        int last = channelsFirst.rank() - 1;
        return channelsFirst.permute(IntStream.range(0, last + 1)
                .map(axis -> axis == 0 ? 0 : axis == last ? 1 : axis + 1)
                .toArray());
    }

    /** One sum for each channel. */
    static INDArray sum(INDArray image, int channelAxis) {
        return image.sum(IntStream.range(0, image.rank())
                .filter(axis -> axis != channelAxis)
                .toArray());
    }
}
