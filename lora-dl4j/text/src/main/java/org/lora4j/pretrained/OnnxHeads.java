/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import onnx.Onnx;

/**
 * The number of attention heads that an exported graph works with. No tensor tells it, and weights fit every divisor of the
 * hidden size, so a wrong number gives wrong results without an error. The graph tells: it reshapes queries, keys and values
 * to {@code [batch, length, heads, size of a head]}, the last two as constants.
 */
final class OnnxHeads {

    /** Longer integer constants are no shapes. */
    private static final int MOST_SIZES = 8;

    /** Integer constants by name. */
    private final Map<String, long[]> constants = new HashMap<>();

    private final Map<String, Onnx.NodeProto> concatenations = new HashMap<>();
    private final List<long[]> splits = new ArrayList<>();

    OnnxHeads(Onnx.GraphProto graph) {
        graph.getInitializerList().forEach(tensor -> add(tensor.getName(), tensor));
        for (Onnx.NodeProto node : graph.getNodeList()) {
            if (node.getOpType().equals("Constant") && node.getOutputCount() == 1) {
                node.getAttributeList().stream()
                        .filter(Onnx.AttributeProto::hasT)
                        .forEach(value -> add(node.getOutput(0), value.getT()));
            }
            if (node.getOpType().equals("Concat") && node.getOutputCount() == 1) {
                concatenations.put(node.getOutput(0), node);
            }
        }
        for (Onnx.NodeProto node : graph.getNodeList()) {
            if (node.getOpType().equals("Reshape") && node.getInputCount() == 2) {
                long[] sizes = sizes(node.getInput(1));
                if (sizes.length == 4) {
                    splits.add(sizes);
                }
            }
        }
    }

    /** The heads of an attention over so many features, if the graph has one and all of it agrees. */
    OptionalInt heads(long hidden) {
        long[] found = splits.stream()
                .filter(sizes -> sizes[2] > 0 && sizes[3] > 0 && Math.multiplyHigh(sizes[2], sizes[3]) == 0)
                .filter(sizes -> sizes[2] * sizes[3] == hidden)
                .mapToLong(sizes -> sizes[2])
                .distinct()
                .toArray();
        return found.length == 1 ? OptionalInt.of((int) found[0]) : OptionalInt.empty();
    }

    /** The elements of a shape, -1 for each one that is not a constant; a concatenation has one for each input. */
    private long[] sizes(String name) {
        Onnx.NodeProto parts = concatenations.get(name);
        if (parts == null) {
            return constants.getOrDefault(name, new long[0]);
        }
        return parts.getInputList().stream()
                .limit(MOST_SIZES)
                .map(part -> constants.getOrDefault(part, new long[] {-1}))
                .flatMapToLong(Arrays::stream)
                .toArray();
    }

    private void add(String name, Onnx.TensorProto tensor) {
        if (tensor.getDataType() != Onnx.TensorProto.DataType.INT64_VALUE || tensor.getDimsCount() > 1) {
            return;
        }
        ByteBuffer raw = tensor.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        int count = raw.hasRemaining() ? raw.remaining() / Long.BYTES : tensor.getInt64DataCount();
        if (count <= MOST_SIZES) {
            long[] values = new long[count];
            for (int i = 0; i < count; i++) {
                values[i] = raw.hasRemaining() ? raw.getLong() : tensor.getInt64Data(i);
            }
            constants.put(name, values);
        }
    }
}
