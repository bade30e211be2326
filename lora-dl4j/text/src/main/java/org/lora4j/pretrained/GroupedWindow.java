/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The weight of a convolution over tokens whose channels are in groups, none of which sees another one's. Files hold {@code [window, in /
 * groups, out]}; SameDiff has no such convolution, so that graphs hold {@code [window, in, out]} with zeros outside the blocks.
 */
final class GroupedWindow {

    private GroupedWindow() {}

    /** A weight with zeros where a file has nothing; as it is if there is one group. */
    static INDArray dense(INDArray blocks, int groups) {
        if (groups == 1) {
            return blocks;
        }
        long in = blocks.size(1) * groups;
        INDArray dense = Nd4j.zeros(blocks.dataType(), blocks.size(0), in, blocks.size(2));
        for (int group = 0; group < groups; group++) {
            INDArrayIndex outputs = part(group, groups, blocks.size(2));
            dense.put(
                    new INDArrayIndex[] {NDArrayIndex.all(), part(group, groups, in), outputs},
                    blocks.get(NDArrayIndex.all(), NDArrayIndex.all(), outputs));
        }
        return dense;
    }

    /**
     * What a file holds of a weight.
     *
     * @throws IllegalArgumentException if the weight lets a group see another one's channels
     */
    static INDArray blocks(String name, INDArray dense, int groups) {
        if (groups == 1) {
            return dense;
        }
        INDArray blocks = Nd4j.create(dense.dataType(), dense.size(0), dense.size(1) / groups, dense.size(2));
        for (int group = 0; group < groups; group++) {
            INDArrayIndex outputs = part(group, groups, dense.size(2));
            blocks.put(
                    new INDArrayIndex[] {NDArrayIndex.all(), NDArrayIndex.all(), outputs},
                    dense.get(NDArrayIndex.all(), part(group, groups, dense.size(1)), outputs));
        }
        if (!dense(blocks, groups).equalsWithEps(dense, 0)) {
            throw new IllegalArgumentException("EncoderWeights: tensor \"" + name + "\" has numbers outside the "
                    + groups + " groups of channels that conv_groups says; expected zeros there, as files have no place"
                    + " for them. An adapter of this module was merged: keep it beside the weight.");
        }
        return blocks;
    }

    private static INDArrayIndex part(int group, int groups, long channels) {
        long width = channels / groups;
        return NDArrayIndex.interval(group * width, (group + 1) * width);
    }
}
