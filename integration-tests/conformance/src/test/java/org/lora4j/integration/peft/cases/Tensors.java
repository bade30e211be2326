/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.cases;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Files of tensors as arrays by name. */
public final class Tensors {

    private Tensors() {}

    /**
     * Reads a file.
     *
     * @param safetensors the file
     * @return its tensors in order of names: F32, F16 and BF16 as FLOAT, F64 as DOUBLE, I64 and I32 as INT64; nothing if
     *     there is no such file
     * @throws IOException if the file is damaged or holds other types
     */
    public static Map<String, INDArray> read(Path safetensors) throws IOException {
        Map<String, INDArray> arrays = new TreeMap<>();
        if (Files.exists(safetensors)) {
            try (SafetensorsReader reader = SafetensorsReader.open(safetensors)) {
                for (TensorEntry entry : reader.tensors().values()) {
                    arrays.put(entry.name(), array(reader, entry));
                }
            }
        }
        return arrays;
    }

    private static INDArray array(SafetensorsReader reader, TensorEntry entry) throws IOException {
        Optional<ElementCodec> codec = ElementCodec.of(entry.dtype());
        if (codec.isPresent()) {
            return ArrayBytes.read(reader, entry, codec.get());
        }
        ElementCodec integers = ElementCodec.ofIntegers(entry.dtype())
                .orElseThrow(() -> new IOException(entry + ": expected a type of floating point, or of integers"));
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.toIntExact(entry.byteCount())).order(ByteOrder.LITTLE_ENDIAN);
        reader.read(entry, 0, bytes);
        bytes.rewind();
        long[] values = new long[Math.toIntExact(LongStream.of(entry.shape()).reduce(1, Math::multiplyExact))];
        for (int i = 0; i < values.length; i++) {
            values[i] = (long) integers.read(bytes);
        }
        return Nd4j.createFromArray(values).reshape(entry.shape());
    }

    /**
     * The element types of a file.
     *
     * @param safetensors the file
     * @return type by tensor
     * @throws IOException if the file is missing or damaged
     */
    public static Map<String, DType> types(Path safetensors) throws IOException {
        Map<String, DType> types = new TreeMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(safetensors)) {
            reader.tensors().values().forEach(entry -> types.put(entry.name(), entry.dtype()));
        }
        return types;
    }

    /**
     * Writes a file.
     *
     * @param safetensors the file
     * @param arrays arrays by name; integers become I64
     * @throws IOException if writing fails
     */
    public static void write(Path safetensors, Map<String, INDArray> arrays) throws IOException {
        List<TensorSource> sources = new ArrayList<>();
        arrays.forEach((name, array) -> sources.add(source(name, array)));
        SafetensorsWriter.write(safetensors, sources, Map.of("format", "pt"));
    }

    private static TensorSource source(String name, INDArray array) {
        if (array.dataType().isFPType()) {
            return ArrayBytes.source(name, array.dup('c'), ElementCodec.exactFor(array.dataType()));
        }
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(array.length() * Long.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (long i = 0; i < array.length(); i++) {
            bytes.putLong(array.getLong(i));
        }
        return TensorSource.of(name, DType.I64, array.shape(), bytes.flip());
    }
}
