/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.WholeFile;

/**
 * Writes safetensors files.
 *
 * <p>Tensors are sorted by type, widest first, then by name in UTF-8 order, metadata by key, and the header is padded with
 * spaces to a multiple of 8, all as in the reference implementation. Equal input gives equal bytes.
 *
 * <p><b>Threads.</b> Safe for different files.
 *
 * @apiNote Status: experimental
 */
public final class SafetensorsWriter {

    private static final Comparator<TensorSource> ORDER = Comparator.comparing(TensorSource::dtype)
            .reversed()
            .thenComparing(source -> source.name().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

    private static final JsonFactory JSON = new JsonFactory();

    private SafetensorsWriter() {}

    /**
     * Writes a file and forces it to the disk, under a temporary name first: a file of that name is replaced whole or
     * stays as it was.
     *
     * @param file the file to create or replace
     * @param tensors what to write, in any order
     * @param metadata remarks for the header, may be empty
     * @throws IllegalArgumentException if names repeat, a name is {@code __metadata__}, a shape is impossible or the
     *     header would exceed the format's limit; nothing is written then
     * @throws IOException if writing fails
     * @throws IllegalStateException if a tensor writes more or fewer bytes than its type and shape say
     */
    public static void write(Path file, Collection<TensorSource> tensors, Map<String, String> metadata)
            throws IOException {
        List<TensorSource> sorted = sorted(tensors, metadata);
        ByteBuffer header = header(sorted, metadata);
        WholeFile.write(file, out -> {
            out.write(header.array());
            for (TensorSource tensor : sorted) {
                CountingChannel counting = new CountingChannel(out);
                tensor.content().writeTo(counting);
                counting.check(tensor);
            }
        });
    }

    private static List<TensorSource> sorted(Collection<TensorSource> tensors, Map<String, String> metadata) {
        Problems problems = new Problems();
        Set<String> names = new HashSet<>();
        for (TensorSource tensor : tensors) {
            String where = "tensor \"" + tensor.name() + "\"";
            problems.check(names.add(tensor.name()), where + " occurs twice, expected distinct names");
            problems.check(
                    HeaderParser.isUnicode(tensor.name()), where + " contains half a surrogate pair, expected Unicode");
            problems.check(!tensor.name().equals(HeaderParser.METADATA), where + " has the name of the metadata");
            problems.check(
                    Arrays.stream(tensor.shape()).allMatch(dimension -> dimension >= 0),
                    where + " has shape " + Arrays.toString(tensor.shape()) + ", expected no negative dimension");
        }
        metadata.forEach((key, value) -> problems.check(
                HeaderParser.isUnicode(key) && HeaderParser.isUnicode(value),
                "metadata \"" + key + "\" contains half a surrogate pair, expected Unicode"));
        problems.throwIfAny("SafetensorsWriter");
        List<TensorSource> sorted = new ArrayList<>(tensors);
        sorted.sort(ORDER);
        return sorted;
    }

    private static ByteBuffer header(List<TensorSource> sorted, Map<String, String> metadata) throws IOException {
        ByteArrayOutputStream json = new ByteArrayOutputStream();
        try (JsonGenerator generator = JSON.createGenerator(json)) {
            generator.writeStartObject();
            if (!metadata.isEmpty()) {
                generator.writeObjectFieldStart(HeaderParser.METADATA);
                for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
                    generator.writeStringField(entry.getKey(), entry.getValue());
                }
                generator.writeEndObject();
            }
            long offset = 0;
            for (TensorSource tensor : sorted) {
                long end = Math.addExact(offset, byteCount(tensor));
                writeEntry(generator, tensor, offset, end);
                offset = end;
            }
            generator.writeEndObject();
        }
        while (json.size() % Long.BYTES != 0) {
            json.write(' ');
        }
        if (json.size() > SafetensorsReader.MAX_HEADER_BYTES) {
            throw new IllegalArgumentException(
                    "SafetensorsWriter: the header has " + json.size() + " bytes; expected at most "
                            + SafetensorsReader.MAX_HEADER_BYTES + ". Write fewer tensors to one file.");
        }
        ByteBuffer header = ByteBuffer.allocate(Long.BYTES + json.size()).order(ByteOrder.LITTLE_ENDIAN);
        return header.putLong(json.size()).put(json.toByteArray()).flip();
    }

    private static void writeEntry(JsonGenerator generator, TensorSource tensor, long begin, long end)
            throws IOException {
        long[] shape = tensor.shape();
        generator.writeObjectFieldStart(tensor.name());
        generator.writeStringField("dtype", tensor.dtype().name());
        generator.writeFieldName("shape");
        generator.writeArray(shape, 0, shape.length);
        generator.writeFieldName("data_offsets");
        generator.writeArray(new long[] {begin, end}, 0, 2);
        generator.writeEndObject();
    }

    private static long byteCount(TensorSource tensor) {
        try {
            return tensor.dtype().byteCount(tensor.shape());
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "SafetensorsWriter: tensor " + MessageText.name(tensor.name()) + " " + tensor.dtype()
                            + Arrays.toString(tensor.shape()) + " has an impossible size (" + e.getMessage() + ")",
                    e);
        }
    }

    /**
     * Counts what a tensor writes: a wrong number would shift every tensor after it. Not one of {@code Channels}, which an
     * interrupt closes.
     */
    private static final class CountingChannel implements WritableByteChannel {

        private final OutputStream target;
        private long count;

        CountingChannel(OutputStream target) {
            this.target = target;
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            int length = bytes.remaining();
            if (bytes.hasArray()) {
                target.write(bytes.array(), bytes.arrayOffset() + bytes.position(), length);
                bytes.position(bytes.limit());
            } else {
                byte[] copy = new byte[length];
                bytes.get(copy);
                target.write(copy);
            }
            count += length;
            return length;
        }

        void check(TensorSource tensor) {
            long expected = byteCount(tensor);
            if (count != expected) {
                throw new IllegalStateException("SafetensorsWriter: tensor " + MessageText.name(tensor.name())
                        + " wrote " + count + " bytes; expected " + expected + " for " + tensor.dtype()
                        + Arrays.toString(tensor.shape()));
            }
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            // The file belongs to the writer, not to a tensor's content.
        }
    }
}
