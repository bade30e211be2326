/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.checkpoint;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.file.Sha256;
import org.nd4j.linalg.api.ndarray.INDArray;

/** One checkpoint in a safetensors file: arrays as tensors, values as metadata, and a checksum of both. */
final class CheckpointFile {

    private static final String FORMAT_KEY = "lora4j.checkpoint";
    private static final String FORMAT = "1";
    private static final String CHECKSUM = "lora4j.sha256";

    private CheckpointFile() {}

    static void write(Path file, CheckpointContent content) throws IOException {
        List<TensorSource> tensors = new ArrayList<>();
        content.allArrays().forEach((name, array) -> tensors.add(source(name, array)));
        Map<String, String> metadata = new TreeMap<>(content.allValues());
        metadata.put(FORMAT_KEY, FORMAT);
        metadata.put(CHECKSUM, checksum(content));
        SafetensorsWriter.write(file, tensors, metadata);
    }

    /** Reads a file, interrupted or not: an interrupt, which closes the file, must not look like damage. */
    static CheckpointContent read(Path file) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return readOnce(file);
                } catch (InterruptedIOException e) {
                    interrupted = true;
                    Thread.interrupted();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static CheckpointContent readOnce(Path file) throws IOException {
        Map<String, INDArray> arrays = new TreeMap<>();
        Map<String, String> values;
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            values = new TreeMap<>(reader.metadata());
            if (!FORMAT.equals(values.remove(FORMAT_KEY))) {
                throw new IOException(file + ": it is no checkpoint of format " + FORMAT + ", found "
                        + reader.metadata().get(FORMAT_KEY));
            }
            for (TensorEntry entry : reader.tensors().values()) {
                ElementCodec codec = ElementCodec.of(entry.dtype())
                        .orElseThrow(
                                () -> new IOException(file + ": " + entry + " is of no type that checkpoints have"));
                arrays.put(entry.name(), ArrayBytes.read(reader, entry, codec));
            }
        }
        String written = values.remove(CHECKSUM);
        CheckpointContent content = new CheckpointContent("", arrays, values);
        String found = checksum(content);
        if (!found.equals(written)) {
            throw new IOException(file + ": the checksum of what it holds is " + found + "; expected " + written);
        }
        return content;
    }

    private static TensorSource source(String name, INDArray array) {
        return ArrayBytes.source(name, array, ElementCodec.exactFor(array.dataType()));
    }

    private static String checksum(CheckpointContent content) throws IOException {
        MessageDigest digest = Sha256.begin();
        content.allValues().forEach((name, value) -> add(digest, name, value));
        for (Map.Entry<String, INDArray> entry : content.allArrays().entrySet()) {
            add(digest, entry.getKey(), Arrays.toString(entry.getValue().shape()));
            source(entry.getKey(), entry.getValue()).content().writeTo(new DigestChannel(digest));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    // With lengths: names and values must not run into each other.
    private static void add(MessageDigest digest, String name, String value) {
        String text = name.length() + " " + value.length() + " " + name + value;
        digest.update(text.getBytes(StandardCharsets.UTF_8));
    }

    private record DigestChannel(MessageDigest digest) implements WritableByteChannel {

        @Override
        public int write(ByteBuffer bytes) {
            int count = bytes.remaining();
            digest.update(bytes);
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            // Nothing to close.
        }
    }
}
