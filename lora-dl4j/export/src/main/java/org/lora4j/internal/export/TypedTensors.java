/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.StorageType;
import org.lora4j.error.Problems;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
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

    /**
     * Writes a file of safetensors, and reads it back.
     *
     * @throws IOException if it cannot be written, or does not hold what was meant
     */
    public static void write(Path file, Map<String, INDArray> tensors, StorageType type) throws IOException {
        List<TensorSource> sources = new ArrayList<>();
        tensors.forEach((name, array) -> sources.add(ArrayBytes.source(name, dense(array), codec(type))));
        SafetensorsWriter.write(file, sources, METADATA);
        requireSame(file, tensors, type);
    }

    /**
     * What is read of tensors that are written in a type.
     *
     * @return arrays of single precision by name; the same ones where nothing is rounded
     */
    public static Map<String, INDArray> rounded(Map<String, INDArray> tensors, StorageType type) {
        Map<String, INDArray> rounded = new LinkedHashMap<>();
        ElementCodec codec = codec(type);
        tensors.forEach((name, array) -> {
            if (type == StorageType.F32 && array.dataType() == DataType.FLOAT) {
                rounded.put(name, array);
                return;
            }
            INDArray copy = dense(array).castTo(DataType.FLOAT).dup('c');
            DataBuffer values = copy.data();
            for (long i = 0; i < copy.length(); i++) {
                values.put(i, codec.rounded(values.getDouble(i)));
            }
            rounded.put(name, copy);
        });
        return rounded;
    }

    /** A file has to hold what was meant, in every bit as the type rounds it. */
    private static void requireSame(Path file, Map<String, INDArray> tensors, StorageType type) throws IOException {
        List<String> others = new ArrayList<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (Map.Entry<String, INDArray> tensor : tensors.entrySet()) {
                TensorEntry entry = reader.tensors().get(tensor.getKey());
                if (entry == null || !ArrayBytes.holds(reader, entry, codec(type), dense(tensor.getValue()))) {
                    others.add(tensor.getKey());
                }
            }
        }
        if (!others.isEmpty()) {
            throw new IOException(file + ": what was written of " + Problems.quoted(others)
                    + " is not what was meant; expected the same. Nothing was written. Check the disk and the memory of this"
                    + " machine, and export again.");
        }
    }

    private static INDArray dense(INDArray array) {
        return array.isView() || array.ordering() != 'c' ? array.dup('c') : array;
    }

    private static ElementCodec codec(StorageType type) {
        return ElementCodec.valueOf(type.name());
    }
}
