/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;

/** Carries tensors from file to file. */
final class TensorCopy {

    private static final int PIECE = 1 << 20;

    /** PEFT's and Transformers' mark of files written from PyTorch, without which some of their loaders refuse. */
    private static final Map<String, String> METADATA = Map.of("format", "pt");

    private TensorCopy() {}

    /** The bytes of a tensor as they are. */
    static TensorSource of(TensorFile file, TensorEntry entry) {
        return new TensorSource(entry.name(), entry.dtype(), entry.shape(), channel -> copy(file, entry, channel));
    }

    private static void copy(TensorFile file, TensorEntry entry, WritableByteChannel channel) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE);
        for (long at = 0; at < entry.byteCount(); at += PIECE) {
            piece.clear().limit((int) Math.min(PIECE, entry.byteCount() - at));
            file.read(entry, at, piece);
            piece.flip();
            while (piece.hasRemaining()) {
                channel.write(piece);
            }
        }
    }

    /** Writes a file whole or not at all, and its directory before. */
    static void writeWhole(Path file, List<TensorSource> tensors) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        SafetensorsWriter.write(file, tensors, METADATA);
    }
}
