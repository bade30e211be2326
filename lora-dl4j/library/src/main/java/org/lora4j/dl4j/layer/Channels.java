/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Sums over images. */
final class Channels {

    private Channels() {}

    /** One sum for each channel. */
    static INDArray sum(INDArray image, int channelAxis) {
        return image.sum(IntStream.range(0, image.rank())
                .filter(axis -> axis != channelAxis)
                .toArray());
    }
}
