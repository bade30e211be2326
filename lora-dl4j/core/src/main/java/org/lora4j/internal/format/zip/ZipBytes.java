/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.zip;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.function.Function;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.lora4j.internal.format.file.RegularFile;

/**
 * The bytes of a zip file and of its entries, at any place.
 *
 * <p>Pieces of an entry are read without verifying its checksum, which only the whole has, and which PyTorch leaves out on
 * request; {@link #open} verifies it. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class ZipBytes implements Closeable {

    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    private static final int PIECE = 1 << 16;

    private final String name;
    private final FileChannel channel;
    private final long length;
    private final Function<String, IOException> damage;

    private ZipBytes(String name, FileChannel channel, Function<String, IOException> damage) throws IOException {
        this.name = name;
        this.channel = channel;
        this.length = RegularFile.size(name, channel);
        this.damage = damage;
    }

    /**
     * Opens a file.
     *
     * @param damage makes the exception of what is wrong with it, worded as {@code name: what}, without a full stop
     * @return its bytes, to be closed
     * @throws IOException if it cannot be opened
     */
    public static ZipBytes open(Path file, Function<String, IOException> damage) throws IOException {
        FileChannel channel = RegularFile.channel(file, "a zip file");
        try {
            return new ZipBytes(file.toString(), channel, damage);
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    /**
     * The file, for messages.
     *
     * @return its path as given
     */
    public String name() {
        return name;
    }

    /**
     * The length when it was opened.
     *
     * @return bytes
     */
    public long length() {
        return length;
    }

    /**
     * The exception for a damaged file.
     *
     * @param what what is wrong, with the value found and what was expected; no full stop
     */
    public IOException corrupt(String what) {
        return damage.apply(name + ": " + what);
    }

    /**
     * Reads bytes of the file.
     *
     * @param position where they begin
     * @param count how many, within the file
     * @return the bytes, little endian
     * @throws IOException if reading fails or the file has become shorter
     */
    public ByteBuffer read(long position, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        fill(position, bytes);
        return bytes.flip();
    }

    /**
     * Fills a buffer with bytes of the file.
     *
     * @param position where they begin
     * @param into takes as many bytes as it has left
     * @throws IOException if reading fails or the file ends
     */
    public void fill(long position, ByteBuffer into) throws IOException {
        RegularFile.fill(name, channel, position, into);
    }

    /**
     * Where the bytes of an entry begin: behind its local header, which must be there and name the same method.
     *
     * @return the position of its first byte
     * @throws IOException if reading fails or the header is another
     */
    public long start(ZipDirectory.Entry entry) throws IOException {
        if (entry.header() > length - LOCAL_BYTES) {
            throw noHeader(entry);
        }
        ByteBuffer header = read(entry.header(), LOCAL_BYTES);
        int nameLength = Short.toUnsignedInt(header.getShort(26));
        long start = entry.header() + LOCAL_BYTES + nameLength + Short.toUnsignedInt(header.getShort(28));
        boolean deflated = header.getShort(8) != 0;
        if (header.getInt(0) != LOCAL
                || deflated != entry.deflated()
                || start > entry.limit() - entry.compressedSize()) {
            throw noHeader(entry);
        }
        return start;
    }

    private IOException noHeader(ZipDirectory.Entry entry) {
        return corrupt("entry \"" + entry.name() + "\" is not at byte " + entry.header()
                + " as the directory says, or not whole");
    }

    /**
     * Bytes of an entry, decompressed.
     *
     * @param from the first byte, within {@code entry.size()}
     * @param count how many, within {@code entry.size()}
     * @return the bytes
     * @throws IOException if reading or decompressing fails
     */
    public byte[] read(ZipDirectory.Entry entry, long from, int count) throws IOException {
        long start = start(entry);
        return entry.deflated()
                ? inflate(entry, start, from, count)
                : read(start + from, count).array();
    }

    /**
     * A whole entry from its beginning, decompressed a piece at a time. At its end the length and the checksum of the
     * directory are held against what was read.
     *
     * @return its bytes; not to be used from several threads
     * @throws IOException if the entry is not where the directory says
     */
    public InputStream open(ZipDirectory.Entry entry) throws IOException {
        return new EntryStream(entry, start(entry));
    }

    private byte[] inflate(ZipDirectory.Entry entry, long start, long from, int count) throws IOException {
        Inflater inflater = new Inflater(true);
        try {
            Inflating inflating = new Inflating(entry, start, inflater);
            byte[] skipped = new byte[(int) Math.min(PIECE, from)];
            for (long left = from; left > 0; left -= skipped.length) {
                inflating.next(skipped, 0, (int) Math.min(skipped.length, left));
            }
            byte[] result = new byte[count];
            inflating.next(result, 0, count);
            if (from + count == entry.size()) {
                inflating.expectEnd();
            }
            return result;
        } catch (DataFormatException e) {
            throw corrupt("entry \"" + entry.name() + "\" cannot be decompressed (" + e.getMessage() + ")");
        } finally {
            inflater.end();
        }
    }

    /** Decompresses an entry from its beginning, a piece of the file at a time. */
    private final class Inflating {

        private final ZipDirectory.Entry entry;
        private final Inflater inflater;
        private long at;
        private long left;

        Inflating(ZipDirectory.Entry entry, long start, Inflater inflater) {
            this.entry = entry;
            this.inflater = inflater;
            this.at = start;
            this.left = entry.compressedSize();
        }

        void next(byte[] into, int offset, int count) throws IOException, DataFormatException {
            int done = 0;
            while (done < count) {
                done += inflate(into, offset + done, count - done);
                if (done < count && isOver()) {
                    throw corrupt("entry \"" + entry.name() + "\" ends before its " + entry.size() + " bytes");
                }
            }
        }

        void expectEnd() throws IOException, DataFormatException {
            byte[] one = new byte[1];
            do {
                if (inflate(one, 0, 1) > 0) {
                    throw corrupt("entry \"" + entry.name() + "\" is longer than its " + entry.size() + " bytes");
                }
            } while (!isOver());
        }

        private int inflate(byte[] into, int offset, int count) throws IOException, DataFormatException {
            if (inflater.needsInput() && left > 0) {
                int piece = (int) Math.min(PIECE, left);
                inflater.setInput(read(at, piece));
                at += piece;
                left -= piece;
            }
            return inflater.inflate(into, offset, count);
        }

        private boolean isOver() {
            return inflater.finished() || inflater.needsDictionary() || inflater.needsInput() && left == 0;
        }
    }

    private final class EntryStream extends InputStream {

        private final ZipDirectory.Entry entry;
        private final long start;
        private final Inflater inflater = new Inflater(true);
        private final Inflating inflating;
        private final CRC32 sum = new CRC32();
        private long done;

        EntryStream(ZipDirectory.Entry entry, long start) {
            this.entry = entry;
            this.start = start;
            this.inflating = new Inflating(entry, start, inflater);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
        }

        @Override
        public int read(byte[] into, int offset, int count) throws IOException {
            int now = (int) Math.min(count, entry.size() - done);
            if (now == 0) {
                return count == 0 ? 0 : -1;
            }
            if (entry.deflated()) {
                inflate(into, offset, now);
            } else {
                fill(start + done, ByteBuffer.wrap(into, offset, now));
            }
            sum.update(into, offset, now);
            done += now;
            if (done == entry.size() && sum.getValue() != entry.crc()) {
                throw corrupt("entry \"" + entry.name() + "\" has the checksum " + Long.toHexString(sum.getValue())
                        + "; expected " + Long.toHexString(entry.crc()));
            }
            return now;
        }

        private void inflate(byte[] into, int offset, int count) throws IOException {
            try {
                inflating.next(into, offset, count);
                if (done + count == entry.size()) {
                    inflating.expectEnd();
                }
            } catch (DataFormatException e) {
                throw corrupt("entry \"" + entry.name() + "\" cannot be decompressed (" + e.getMessage() + ")");
            }
        }

        @Override
        public void close() {
            inflater.end();
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
