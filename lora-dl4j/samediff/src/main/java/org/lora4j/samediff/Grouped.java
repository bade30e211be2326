/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Arrays;
import org.lora4j.method.ModuleShape;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Convolutions in groups of channels, in a graph that spells them as dense ones: SameDiff has none. The weight is block
 * diagonal, and so is B, of which an adapter stores the blocks only: {@code [outputs, rank / groups, 1...]}.
 */
final class Grouped {

    private Grouped() {}

    /** Whether a weight {@code [outputs, inputs, kernel...]} is zero outside the blocks of so many groups. */
    static boolean isBlockDiagonal(INDArray weight, long groups) {
        long outputs = weight.size(0);
        long inputs = weight.size(1);
        double[] values = weight.dup('c').castTo(DataType.DOUBLE).data().asDouble();
        long window = values.length / (outputs * inputs);
        for (int i = 0; i < values.length; i++) {
            long channel = i / window;
            boolean inside = groupOf(channel / inputs, outputs, groups) == groupOf(channel % inputs, inputs, groups);
            if (!inside && values[i] != 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * Into how many groups a convolution is split: what a constant {@code NAME.groups} beside its weight says.
     *
     * @throws IllegalArgumentException if the weight is not split so
     */
    static long groups(SameDiff graph, GraphModule module) {
        SDVariable said = graph.getVariable(ModulePaths.groups(module.weight()));
        if (module.shape().kind() != ModuleShape.Kind.CONVOLUTION || said == null || said.getArr() == null) {
            return 1;
        }
        long groups = said.getArr().getLong(0);
        long[] channels = {module.shape().outputs(), module.shape().inputs()};
        boolean divides = groups > 0 && channels[0] % groups == 0 && channels[1] % groups == 0;
        INDArray weight = module.weightLayout().toPeft(StoredWeights.value(graph, module.weight()), module.shape());
        if (!divides || !isBlockDiagonal(weight, groups)) {
            throw new IllegalArgumentException("graph: \"" + said.name() + "\" is " + groups + ", but "
                    + (divides
                            ? "the weight has numbers outside these groups"
                            : "the channels are " + channels[0] + " and " + channels[1])
                    + "; expected the number of groups of channels of \"" + module.weight() + "\".");
        }
        return groups;
    }

    private static long groupOf(long channel, long channels, long groups) {
        return channel / (channels / groups);
    }

    /** B with its blocks in their places: {@code [outputs, rank, 1...]}. */
    static INDArray dense(INDArray blocks, long groups) {
        long[] shape = blocks.shape().clone();
        long outputs = shape[0];
        long width = shape[1];
        shape[1] = Math.multiplyExact(width, groups);
        INDArray dense = Nd4j.zeros(blocks.dataType(), shape);
        INDArray to = dense.reshape(outputs, shape[1]);
        INDArray from = blocks.dup('c').reshape(outputs, width);
        for (long o = 0; o < outputs; o++) {
            for (long k = 0; k < width; k++) {
                to.putScalar(o, groupOf(o, outputs, groups) * width + k, from.getDouble(o, k));
            }
        }
        return dense;
    }

    /** Ones where B has blocks, for B {@code [1..., rank, outputs]}, the layout of factors of convolutions. */
    static INDArray mask(ModuleShape shape, long rank, long groups, DataType type) {
        long outputs = shape.outputs();
        INDArray mask = Nd4j.zeros(type, rank, outputs);
        for (long k = 0; k < rank; k++) {
            for (long o = 0; o < outputs; o++) {
                if (groupOf(k, rank, groups) == groupOf(o, outputs, groups)) {
                    mask.putScalar(k, o, 1);
                }
            }
        }
        long[] full = new long[shape.kernel().size() + 2];
        Arrays.fill(full, 1);
        full[full.length - 2] = rank;
        full[full.length - 1] = outputs;
        return mask.reshape('c', full).dup('c');
    }
}
