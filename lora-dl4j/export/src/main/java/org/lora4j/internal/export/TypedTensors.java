/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.StorageType;
import org.lora4j.error.Problems;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tensors written in an element type, and what that costs.
 *
 * @apiNote Status: internal
 */
public final class TypedTensors {

    /** Transformers' mark of files written from PyTorch, without which some loaders refuse. */
    private static final Map<String, String> METADATA = Map.of("format", "pt");

    private TypedTensors() {}

    /**
     * Checks that every value is in the range of a type.
     *
     * @param problems takes the tensors that are not
     * @return the largest difference between a value and what is written for it
     */
    public static double largestError(Map<String, INDArray> tensors, StorageType type, Problems problems) {
        ElementCodec codec = codec(type);
        double largest = 0;
        for (Map.Entry<String, INDArray> tensor : tensors.entrySet()) {
            DataBuffer values = dense(tensor.getValue()).data();
            for (long i = 0; i < tensor.getValue().length(); i++) {
                double value = values.getDouble(i);
                double error = Math.abs(value - codec.rounded(value));
                if (!(error < Double.POSITIVE_INFINITY)) {
                    problems.add("tensor \"" + tensor.getKey() + "\": element " + i + " = " + value
                            + " is beyond the range of " + type + ", expected a wider type");
                    break;
                }
                largest = Math.max(largest, error);
            }
        }
        return largest;
    }

    /** Writes a file of safetensors. */
    public static void write(Path file, Map<String, INDArray> tensors, StorageType type) throws IOException {
        List<TensorSource> sources = new ArrayList<>();
        tensors.forEach((name, array) -> sources.add(ArrayBytes.source(name, dense(array), codec(type))));
        SafetensorsWriter.write(file, sources, METADATA);
    }

    private static INDArray dense(INDArray array) {
        return array.isView() || array.ordering() != 'c' ? array.dup('c') : array;
    }

    private static ElementCodec codec(StorageType type) {
        return ElementCodec.valueOf(type.name());
    }
}
