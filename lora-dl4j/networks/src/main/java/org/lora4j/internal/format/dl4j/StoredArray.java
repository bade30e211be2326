/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.dl4j;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;

/**
 * An array as ND4J writes it, its head read and held against the length of its entry, its elements still to come.
 *
 * <p>Two buffers, each with a kind of allocation (UTF), a length (64 bits) and an element type (UTF) before its elements,
 * big endian: first rank, shape, strides and three more numbers, then the elements. Parameters are rows, so strides say
 * nothing and are not used.
 *
 * <p><b>Threads.</b> For one thread.
 *
 * @apiNote Status: internal
 */
public final class StoredArray implements Closeable {

    private static final Map<String, Integer> WIDTHS = Map.of("DOUBLE", 8, "FLOAT", 4, "HALF", 2);
    private static final Set<String> ALLOCATIONS = Set.of("MIXED_DATA_TYPES", "LONG_SHAPE");
    private static final Set<String> OLD_ALLOCATIONS = Set.of("DIRECT", "HEAP", "JAVACPP");

    /** Numbers of a shape beside its dimensions and strides: the rank and three at the end. */
    private static final int FIXED = 4;

    private static final int MOST_RANK = 2;

    private final NetworkZip zip;
    private final String entry;
    private final DataInputStream in;
    private long[] shape;
    private String type;
    private long read;

    private StoredArray(NetworkZip zip, String entry) throws IOException {
        this.zip = zip;
        this.entry = entry;
        this.in = new DataInputStream(new BufferedInputStream(zip.open(entry), 1 << 16));
    }

    /**
     * Reads the head.
     *
     * @return the array, to be closed
     * @throws ModelFormatException if the head is none, or the entry is not as long as it says
     */
    public static StoredArray open(NetworkZip zip, String entry) throws IOException {
        StoredArray array = new StoredArray(zip, entry);
        try {
            array.readHead();
            return array;
        } catch (EOFException e) {
            array.close();
            throw zip.corrupt(entry, "ends within the head of its array");
        } catch (IOException | RuntimeException | Error e) {
            array.close();
            throw e;
        }
    }

    private void readHead() throws IOException {
        long numbers = buffer(Set.of("LONG"), "shape");
        if (numbers < FIXED || numbers > FIXED + 2 * MOST_RANK) {
            throw zip.corrupt(entry, "has a shape of " + numbers + " numbers; expected that of a row");
        }
        long[] head = new long[(int) numbers];
        for (int i = 0; i < head.length; i++) {
            head[i] = in.readLong();
        }
        read += numbers * Long.BYTES;
        if (head[0] != (numbers - FIXED) / 2 || numbers % 2 != 0) {
            throw zip.corrupt(entry, "has a shape of rank " + head[0] + " in " + numbers + " numbers");
        }
        shape = Arrays.copyOfRange(head, 1, 1 + (int) head[0]);
        long length = buffer(WIDTHS.keySet(), "elements");
        boolean row = shape.length < MOST_RANK || shape[0] == 1;
        if (!row || length < 0 || length != length(shape)) {
            throw zip.corrupt(
                    entry, "has " + length + " elements of shape " + Arrays.toString(shape) + "; expected a row");
        }
        int width = WIDTHS.get(type);
        long elements = zip.size(entry) - read;
        if (length > elements / width || length * width != elements) {
            throw zip.corrupt(
                    entry,
                    "has " + elements + " bytes of elements; expected " + length + " of type " + type
                            + ", as its head says");
        }
    }

    private static long length(long[] shape) {
        return shape.length == 0 ? 1 : shape[shape.length - 1];
    }

    /** The head of a buffer: how many elements follow. */
    private long buffer(Set<String> types, String what) throws IOException {
        String allocation = utf();
        if (OLD_ALLOCATIONS.contains(allocation)) {
            throw new ModelFormatException(zip.where(entry) + ": is of the format before 1.0.0-beta (allocation "
                    + allocation + "); expected the present one. If you trust the file, read it with ModelSerializer"
                    + " and save it again.");
        }
        if (!ALLOCATIONS.contains(allocation)) {
            throw zip.corrupt(
                    entry,
                    "begins its " + what + " with " + worded(allocation) + "; expected "
                            + Problems.quoted(ALLOCATIONS.stream().sorted().toList()));
        }
        long length = in.readLong();
        read += Long.BYTES;
        type = utf();
        if (!types.contains(type)) {
            throw zip.corrupt(
                    entry,
                    "has " + what + " of type " + worded(type) + "; expected one of "
                            + Problems.quoted(types.stream().sorted().toList()));
        }
        return length;
    }

    private String utf() throws IOException {
        int length = in.readUnsignedShort();
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        read += Short.BYTES + length;
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static String worded(String found) {
        return MessageText.name(found);
    }

    /**
     * The shape.
     *
     * @return [n], [1, n] or, for one element, []
     */
    public long[] shape() {
        return shape.clone();
    }

    /**
     * How many elements there are.
     *
     * @return 0 or more
     */
    public long length() {
        return length(shape);
    }

    /**
     * The element type as ND4J calls it.
     *
     * @return DOUBLE, FLOAT or HALF
     */
    public String type() {
        return type;
    }

    /**
     * The elements in order, big endian.
     *
     * @return a stream of {@link #length()} elements of {@link #type()}; the checksum is verified at its end
     */
    public DataInputStream elements() {
        return in;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
