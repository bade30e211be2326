/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.adapter.StorageType;
import org.lora4j.error.Problems;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.array.io.FloatRows;
import org.lora4j.internal.array.io.HalfFloats;
import org.lora4j.internal.array.io.RowProbe;
import org.lora4j.internal.format.huggingface.Checkpoint;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * The tensors of a decoder as files of safetensors, cut as Transformers cuts them: in their order, into files of so many bytes.
 *
 * <p><b>State and threads.</b> Keeps account of what rounding costs; for one thread.
 *
 * @apiNote Status: internal
 */
public final class DecoderShards {

    private static final Map<String, String> METADATA = Map.of("format", "pt");

    private final DecoderSource model;
    private final StorageType type;
    private final Problems problems;
    private final RowProbe probe = new RowProbe();
    private double largestError;

    /**
     * Nothing written yet.
     *
     * @param type element type of all tensors
     * @param problems gets the tensors with NaN or a number beyond the range of the type
     */
    public DecoderShards(DecoderSource model, StorageType type, Problems problems) {
        this.model = model;
        this.type = type;
        this.problems = problems;
    }

    /**
     * The name that Transformers has for an element type.
     *
     * @return the value of {@code torch_dtype}
     */
    public static String typeName(StorageType type) {
        return switch (type) {
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
        };
    }

    /**
     * Writes the files.
     *
     * @param most bytes of the tensors of a file; one with more has a file of its own
     * @throws IOException if a tensor cannot be read or a file cannot be written
     */
    public List<String> write(Path directory, long most) throws IOException {
        List<List<String>> shards = shards(most);
        if (shards.size() == 1) {
            write(directory.resolve(Checkpoint.SINGLE), shards.get(0));
            return List.of(Checkpoint.SINGLE);
        }
        List<String> files = new ArrayList<>();
        Map<String, Object> places = new TreeMap<>();
        long bytes = 0;
        for (List<String> shard : shards) {
            String file = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", files.size() + 1, shards.size());
            write(directory.resolve(file), shard);
            files.add(file);
            for (String name : shard) {
                places.put(model.inFile(name), file);
                bytes += byteCount(name);
            }
        }
        Map<String, Object> index = new TreeMap<>();
        index.put("metadata", Map.of("total_size", bytes));
        index.put("weight_map", places);
        JsonObjects.write(directory.resolve(Checkpoint.INDEX), index);
        files.add(Checkpoint.INDEX);
        return files;
    }

    private List<List<String>> shards(long most) {
        List<List<String>> shards = new ArrayList<>();
        List<String> open = new ArrayList<>();
        long filled = 0;
        for (String name : model.names()) {
            long bytes = byteCount(name);
            if (bytes > most) {
                shards.add(List.of(name));
                continue;
            }
            if (filled + bytes > most) {
                shards.add(open);
                open = new ArrayList<>();
                filled = 0;
            }
            open.add(name);
            filled += bytes;
        }
        if (!open.isEmpty()) {
            shards.add(open);
        }
        return shards;
    }

    private long byteCount(String name) {
        return fileType().byteCount(model.shape(name));
    }

    private DType fileType() {
        return DType.valueOf(type.name());
    }

    private void write(Path file, List<String> names) throws IOException {
        List<TensorSource> tensors = names.stream()
                .map(name -> new TensorSource(
                        model.inFile(name),
                        fileType(),
                        model.shape(name),
                        channel -> model.read(name, rows -> write(name, rows, channel))))
                .toList();
        SafetensorsWriter.write(file, tensors, METADATA);
    }

    private void write(String name, FloatRows rows, WritableByteChannel channel) throws IOException {
        RowProbe.Tensor asked = probe.begin(model.inFile(name), rows.length());
        float[] row = new float[rows.length()];
        ByteBuffer bytes =
                ByteBuffer.allocate(row.length * fileType().bits() / Byte.SIZE).order(ByteOrder.LITTLE_ENDIAN);
        double error = 0;
        for (long i = 0; i < rows.count(); i++) {
            rows.read(i, row);
            bytes.clear();
            for (float value : row) {
                double difference = Math.abs((double) put(value, bytes) - value);
                // What is no number, and what became infinite, differs by no number.
                error = difference < Double.POSITIVE_INFINITY ? Math.max(error, difference) : Double.POSITIVE_INFINITY;
            }
            bytes.flip();
            asked.row(row);
            asked.bytes(bytes);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
        asked.error(error);
        problems.check(
                Double.isFinite(error),
                "tensor \"" + name + "\" holds NaN or a number beyond the range of " + type
                        + ", expected finite numbers, or a wider type");
        largestError = Math.max(largestError, error);
    }

    /** Writes a number and tells what will be read. */
    private float put(float value, ByteBuffer bytes) {
        switch (type) {
            case F32 -> {
                bytes.putFloat(value);
                return value;
            }
            case F16 -> {
                short half = HalfFloats.toF16(value);
                bytes.putShort(half);
                return HalfFloats.fromF16(half);
            }
            default -> {
                short brain = HalfFloats.toBf16(value);
                bytes.putShort(brain);
                return HalfFloats.fromBf16(brain);
            }
        }
    }

    /**
     * Reads back what was written: every tensor has to have the bytes that were meant, and its rows have to answer a vector of a fixed seed as
     * they did in memory, within the rounding.
     *
     * @param where the call, for messages
     * @throws IOException if it is otherwise, or the directory cannot be read as a model
     */
    public void requireSame(String where, Path directory) throws IOException {
        DecoderSource.listing(directory);
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            ElementCodec codec = ElementCodec.valueOf(type.name());
            Map<String, TensorEntry> tensors = checkpoint.tensors();
            RowProbe.Collected collected = probe.collect();
            for (String name : model.names()) {
                TensorEntry entry = tensors.get(model.inFile(name));
                if (entry != null && entry.dtype() == codec.fileType()) {
                    read(checkpoint, entry, codec, collected.begin(entry.name()));
                }
            }
            collected.requireSame(where);
        }
    }

    private static void read(Checkpoint checkpoint, TensorEntry entry, ElementCodec codec, RowProbe.Tensor into)
            throws IOException {
        long[] shape = entry.shape();
        float[] row = new float[Math.toIntExact(shape[shape.length - 1])];
        ByteBuffer bytes = ByteBuffer.allocate(row.length * codec.fileType().bits() / Byte.SIZE)
                .order(ByteOrder.LITTLE_ENDIAN);
        for (long at = 0; at < entry.byteCount(); at += bytes.capacity()) {
            bytes.clear();
            checkpoint.read(entry, at, bytes);
            bytes.flip();
            into.bytes(bytes);
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) codec.read(bytes);
            }
            into.row(row);
        }
    }

    /**
     * What rounding cost.
     *
     * @return the largest difference between a value and what was written for it
     */
    public double largestError() {
        return largestError;
    }

    @Override
    public String toString() {
        return "DecoderShards[" + model + ", " + type + "]";
    }
}
