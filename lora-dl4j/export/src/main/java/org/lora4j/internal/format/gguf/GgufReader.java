/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.gguf;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.lora4j.error.MessageText;
import org.lora4j.internal.array.io.RowProbe;
import org.lora4j.internal.format.file.RegularFile;

/**
 * Reads back a file that {@link GgufWriter} has just written: its table has to name the tensors that were meant, and their bytes have to give
 * the same answers. For no other file: what a stranger's may have is not looked at.
 */
final class GgufReader {

    private static final int PIECE = 1 << 16;

    private final Path file;
    private final DataInputStream in;
    private long position;

    /** What the table says of a tensor. */
    private record Entry(String name, List<Long> shape, int code, long offset) {}

    private GgufReader(Path file, InputStream in) {
        this.file = file;
        this.in = new DataInputStream(new BufferedInputStream(in, PIECE));
    }

    /** Refuses a file that does not hold what was meant. */
    static void requireSame(Path file, List<GgufTensor> tensors, RowProbe probe) throws IOException {
        try (InputStream bytes = RegularFile.open(file, "a file of GGUF")) {
            GgufReader reader = new GgufReader(file, bytes);
            List<Entry> entries = reader.table();
            List<Entry> expected = expected(tensors);
            if (!entries.equals(expected)) {
                throw reader.otherwise("its table of tensors");
            }
            reader.skip(GgufWriter.aligned(reader.position) - reader.position);
            long start = reader.position;
            RowProbe.Collected collected = probe.collect();
            Iterator<Entry> entry = entries.iterator();
            for (GgufTensor tensor : tensors) {
                reader.skip(start + entry.next().offset() - reader.position);
                reader.rows(tensor, collected.begin(tensor.name()));
            }
            collected.requireSame("GgufExport");
        }
    }

    private static List<Entry> expected(List<GgufTensor> tensors) {
        List<Entry> expected = new ArrayList<>();
        long offset = 0;
        for (GgufTensor tensor : tensors) {
            List<Long> shape = Arrays.stream(tensor.shape()).boxed().toList();
            expected.add(new Entry(tensor.name(), shape, tensor.element().code(), offset));
            offset = GgufWriter.aligned(offset + tensor.byteCount());
        }
        return expected;
    }

    private List<Entry> table() throws IOException {
        if (number() != GgufWriter.MAGIC || number() != GgufWriter.VERSION) {
            throw otherwise("its beginning");
        }
        long tensors = longNumber();
        long values = longNumber();
        for (long i = 0; i < values; i++) {
            text();
            value(number());
        }
        List<Entry> entries = new ArrayList<>();
        for (long i = 0; i < tensors; i++) {
            String name = text();
            Long[] shape = new Long[number()];
            for (int axis = shape.length - 1; axis >= 0; axis--) {
                shape[axis] = longNumber();
            }
            entries.add(new Entry(name, List.of(shape), number(), longNumber()));
        }
        return entries;
    }

    /** Passes over a value of the kinds that the writer has. */
    private void value(int kind) throws IOException {
        switch (kind) {
            case 4, 5, 6 -> skip(Integer.BYTES);
            case 7 -> skip(1);
            case 8 -> text();
            case GgufWriter.ARRAY -> {
                int of = number();
                long count = longNumber();
                for (long i = 0; i < count; i++) {
                    value(of);
                }
            }
            default -> throw otherwise("its metadata");
        }
    }

    private void rows(GgufTensor tensor, RowProbe.Tensor into) throws IOException {
        GgufElement element = tensor.element();
        float[] row = new float[tensor.rowLength()];
        byte[] bytes = new byte[Math.toIntExact(element.byteCount(row.length))];
        for (long at = 0; at < tensor.byteCount(); at += bytes.length) {
            in.readFully(bytes);
            position += bytes.length;
            ByteBuffer piece = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            into.bytes(piece);
            for (int from = 0; from < row.length; from += element.block()) {
                element.decode(piece, row, from);
            }
            into.row(row);
        }
    }

    private int number() throws IOException {
        position += Integer.BYTES;
        return Integer.reverseBytes(in.readInt());
    }

    private long longNumber() throws IOException {
        position += Long.BYTES;
        return Long.reverseBytes(in.readLong());
    }

    private String text() throws IOException {
        byte[] utf8 = new byte[Math.toIntExact(longNumber())];
        in.readFully(utf8);
        position += utf8.length;
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private void skip(long count) throws IOException {
        in.skipNBytes(count);
        position += count;
    }

    private IOException otherwise(String what) {
        return new IOException("GgufExport: " + MessageText.path(file) + " was written, but " + what
                + " is not what was meant; expected the same. Nothing was written. Check the disk and the memory of this"
                + " machine, and export again.");
    }
}
