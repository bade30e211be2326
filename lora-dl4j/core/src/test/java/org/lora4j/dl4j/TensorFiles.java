/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Tensors of golden files as arrays. */
final class TensorFiles {

    private TensorFiles() {}

    static Map<String, INDArray> read(Path file) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (String name : new TreeSet<>(reader.tensors().keySet())) {
                arrays.put(name, array(reader, reader.tensor(name)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return arrays;
    }

    private static INDArray array(SafetensorsReader reader, TensorEntry entry) throws IOException {
        ByteBuffer bytes = reader.map(entry, 0, (int) entry.byteCount());
        if (entry.dtype() == DType.I64) {
            long[] values = new long[bytes.remaining() / Long.BYTES];
            bytes.asLongBuffer().get(values);
            return Nd4j.createFromArray(values).reshape(entry.shape());
        }
        if (entry.dtype() != DType.F32) {
            throw new IllegalStateException(entry + ": expected F32 or I64");
        }
        float[] values = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(values);
        return Nd4j.create(values, entry.shape(), 'c');
    }
}
