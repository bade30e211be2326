/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterLoader;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.peft.PeftKeys;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The files of a sound adapter, and how some others than these are read. */
final class TwinFiles {

    private static final Map<DataType, DType> OTHERS = Map.of(
            DataType.INT64, DType.I64, DataType.INT32, DType.I32, DataType.UINT8, DType.U8, DataType.BOOL, DType.BOOL);

    private final Adapter adapter;
    private final Path twin;
    private final Map<String, INDArray> tensors = new TreeMap<>();
    private final Map<String, DType> types = new HashMap<>();
    private final Map<String, INDArray> given;

    TwinFiles(Adapter adapter, Path folder) throws IOException {
        this.adapter = adapter;
        twin = folder.resolve("twin.safetensors");
        given = adapter.unsavedTensors();
        Path directory = folder.resolve("sound");
        adapter.save(directory);
        assertThat(AdapterLoader.of(directory).tensors(given).load()).isEqualTo(adapter);
        try (SafetensorsReader reader = SafetensorsReader.open(directory.resolve("adapter_model.safetensors"))) {
            for (TensorEntry entry : reader.tensors().values()) {
                boolean integers = PeftKeys.isInteger(entry.name());
                ElementCodec codec = (integers
                                ? ElementCodec.ofIntegers(entry.dtype())
                                : ElementCodec.of(entry.dtype()))
                        .orElseThrow();
                tensors.put(entry.name(), ArrayBytes.read(reader, entry, codec));
                types.put(entry.name(), entry.dtype());
            }
        }
    }

    /** The keys of the tensors that its files hold. */
    Set<String> keys() {
        return tensors.keySet();
    }

    /** Reads the adapter with other tensors in the place of its own, and with further ones. */
    Adapter load(Map<String, MalformedTwin> others, Map<String, MalformedTwin> further) throws IOException {
        Map<String, INDArray> written = new TreeMap<>(tensors);
        others.forEach((key, other) -> written.replace(key, other.array()));
        further.forEach((key, other) -> written.put(key, other.array()));
        written.values().removeIf(array -> array == null);
        write(written);
        Map<String, INDArray> beside = new LinkedHashMap<>(given);
        beside.replaceAll(
                (key, sound) -> others.containsKey(key) ? others.get(key).array() : sound);
        beside.values().removeIf(array -> array == null);
        return AdapterLoader.of(twin).config(adapter.config()).tensors(beside).load();
    }

    /** Without the forcing to the disk that a real save takes its time for. */
    private void write(Map<String, INDArray> arrays) throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        StringJoiner header = new StringJoiner(",", "{", "}");
        arrays.forEach((key, array) -> {
            INDArray sound = tensors.get(key);
            DType type = sound != null && sound.dataType() == array.dataType()
                    ? types.get(key)
                    : OTHERS.getOrDefault(array.dataType(), DType.F32);
            int from = content.size();
            content.writeBytes(bytes(array, type));
            header.add(String.format(
                    Locale.ROOT,
                    "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}",
                    key,
                    type,
                    Arrays.toString(array.shape()),
                    from,
                    content.size()));
        });
        byte[] head = header.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer file =
                ByteBuffer.allocate(Long.BYTES + head.length + content.size()).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(head.length).put(head).put(content.toByteArray());
        Files.write(twin, file.array());
    }

    private static byte[] bytes(INDArray array, DType type) {
        ByteBuffer bytes =
                ByteBuffer.allocate((int) type.byteCount(array.shape())).order(ByteOrder.LITTLE_ENDIAN);
        for (long i = 0; bytes.hasRemaining(); i++) {
            double value = array.data().getDouble(i);
            switch (type) {
                case F32 -> bytes.putFloat((float) value);
                case F64 -> bytes.putDouble(value);
                case I64 -> bytes.putLong((long) value);
                case I32 -> bytes.putInt((int) value);
                case I16 -> bytes.putShort((short) value);
                default -> bytes.put((byte) value);
            }
        }
        return bytes.array();
    }
}
