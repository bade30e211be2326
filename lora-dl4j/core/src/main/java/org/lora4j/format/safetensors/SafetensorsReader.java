/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.tensor.TensorIndex;

/**
 * Reads tensors from a safetensors file, of any length, one at a time.
 *
 * <p>{@link #open} checks the whole header; afterwards tensors are mapped ({@link #map}) or copied ({@link #read}) piece
 * by piece, so that tensors beyond 2 GiB can be read too.
 *
 * <p><b>State.</b> Holds the file open until {@link #close}. <b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class SafetensorsReader implements TensorFile {

    /** The longest header that the format allows, in bytes. */
    public static final int MAX_HEADER_BYTES = 100_000_000;

    private static final int LENGTH_BYTES = Long.BYTES;

    private final String file;
    private final FileChannel channel;
    private final Map<String, String> metadata;
    private final TensorIndex tensors;

    private SafetensorsReader(
            String file, FileChannel channel, Map<String, String> metadata, Map<String, TensorEntry> tensors) {
        this.file = file;
        this.channel = channel;
        this.metadata = Collections.unmodifiableMap(metadata);
        this.tensors = new TensorIndex(file, tensors);
    }

    /**
     * Opens a file and checks its header completely.
     *
     * @param file the file
     * @return a reader to be closed
     * @throws CorruptAdapterException if the file breaks any rule of the format; the message lists all tensors concerned
     * @throws IOException if the file does not exist, is a directory or cannot be read
     */
    public static SafetensorsReader open(Path file) throws IOException {
        FileChannel channel = RegularFile.channel(file, "a safetensors file");
        try {
            return read(file.toString(), channel);
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    private static SafetensorsReader read(String file, FileChannel channel) throws IOException {
        long fileLength = RegularFile.size(file, channel);
        int headerLength = headerLength(file, channel, fileLength);
        ByteBuffer header = ByteBuffer.allocate(headerLength);
        RegularFile.fill(file, channel, LENGTH_BYTES, header);
        HeaderParser.Header parsed = HeaderParser.parse(file, header.array());
        long dataStart = LENGTH_BYTES + (long) headerLength;
        return new SafetensorsReader(
                file,
                channel,
                parsed.metadata(),
                HeaderChecks.check(file, parsed.entries(), dataStart, fileLength - dataStart));
    }

    private static int headerLength(String file, FileChannel channel, long fileLength) throws IOException {
        if (fileLength < LENGTH_BYTES) {
            throw new CorruptAdapterException(file + ": the file has " + fileLength + " bytes; expected at least "
                    + LENGTH_BYTES + ". The file is truncated; get it again.");
        }
        ByteBuffer length = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        RegularFile.fill(file, channel, 0, length);
        long found = length.getLong(0);
        if (Long.compareUnsigned(found, fileLength - LENGTH_BYTES) > 0) {
            throw new CorruptAdapterException(file + ", byte 0: the header length "
                    + Long.toUnsignedString(found) + " exceeds the " + (fileLength - LENGTH_BYTES)
                    + " bytes that follow. The file is truncated or not a safetensors file.");
        }
        if (found > MAX_HEADER_BYTES) {
            throw new CorruptAdapterException(file + ", byte 0: the header length " + found
                    + " exceeds the limit of the format; expected at most " + MAX_HEADER_BYTES
                    + ". The file is not a safetensors file or is damaged.");
        }
        return (int) found;
    }

    /**
     * The file's own remarks ({@code __metadata__}).
     *
     * @return strings by key, in file order; empty if there are none
     */
    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public Map<String, TensorEntry> tensors() {
        return tensors.entries();
    }

    @Override
    public TensorEntry tensor(String name) {
        return tensors.entry(name);
    }

    /**
     * Maps bytes of a tensor into memory without copying. The mapping outlives this reader, and on Windows keeps the
     * file from being replaced until it is garbage collected.
     *
     * @param entry a tensor of this file
     * @param from first byte within the tensor
     * @param length number of bytes, at most 2 GiB - 1
     * @return a read-only buffer in little endian order
     * @throws IllegalArgumentException if the range is not within the tensor
     * @throws IOException if the file cannot be mapped
     */
    public ByteBuffer map(TensorEntry entry, long from, int length) throws IOException {
        tensors.checkRange(entry, from, length);
        return RegularFile.map(file, channel, entry.position() + from, length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Copies bytes of a tensor. Unlike {@link #map} this leaves no hold on the file. */
    @Override
    public void read(TensorEntry entry, long from, ByteBuffer into) throws IOException {
        tensors.checkRange(entry, from, into.remaining());
        RegularFile.fill(file, channel, entry.position() + from, into);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
