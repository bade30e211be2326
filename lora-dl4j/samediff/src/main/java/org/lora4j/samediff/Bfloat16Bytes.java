/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.io.IOException;
import java.lang.ref.Reference;
import java.util.List;
import org.bytedeco.javacpp.ShortPointer;
import org.lora4j.internal.array.DenseArray;
import org.lora4j.internal.array.Region;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Mends arrays of bfloat16 that SameDiff read from a file. {@code SameDiff.save} writes elements with the high byte first, and
 * the reader of ND4J M2.1 ({@code Nd4j.createFromFlatArray}) turns the bytes of every type but this one.
 */
final class Bfloat16Bytes {

    private Bfloat16Bytes() {}

    /** Mends the leaves of a graph that was just read. */
    static SameDiff mended(SameDiff read) throws IOException {
        List<INDArray> arrays = read.variables().stream()
                .filter(leaf -> leaf.dataType() == DataType.BFLOAT16)
                .filter(leaf -> leaf.getVariableType() == VariableType.CONSTANT
                        || leaf.getVariableType() == VariableType.VARIABLE)
                .map(SDVariable::getArr)
                .filter(array -> array != null && !array.isEmpty())
                .toList();
        if (!arrays.isEmpty() && areSwapped()) {
            arrays.forEach(Bfloat16Bytes::swap);
        }
        return read;
    }

    /** Whether this version of ND4J gives them the wrong way round. */
    private static boolean areSwapped() throws IOException {
        SameDiff graph = SameDiff.create();
        graph.constant("one", Nd4j.ones(DataType.BFLOAT16, 1));
        SameDiff read = SameDiffFile.stock(graph.asFlatBuffers(false), false);
        return read.getVariable("one").getArr().castTo(DataType.FLOAT).getFloat(0) != 1;
    }

    // What was read is no view: its elements are all of its buffer.
    private static void swap(INDArray array) {
        short[] block = new short[DenseArray.BLOCK];
        ShortPointer elements = new ShortPointer(array.data().pointer());
        for (long from = 0; from < array.length(); from += block.length) {
            int length = (int) Math.min(block.length, array.length() - from);
            Region.requireCopy(array, from, length, block.length);
            elements.position(from).get(block, 0, length);
            for (int i = 0; i < length; i++) {
                block[i] = Short.reverseBytes(block[i]);
            }
            elements.put(block, 0, length);
        }
        Reference.reachabilityFence(array);
    }
}
