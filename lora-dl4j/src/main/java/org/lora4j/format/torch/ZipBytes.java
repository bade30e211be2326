/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.format.torch;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.lora4j.error.CorruptAdapterException;

/**
 * The bytes of a zip file and of its entries, at any place.
 *
 * <p>Checksums are not verified: a piece of an entry has none, and PyTorch writes files without them on request.
 */
final class ZipBytes implements Closeable {

    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    private static final int PIECE = 1 << 16;

    private final String name;
    private final FileChannel channel;
    private final long length;

    ZipBytes(String name, FileChannel channel) throws IOException {
        this.name = name;
        this.channel = channel;
        this.length = channel.size();
    }

    String name() {
        return name;
    }

    long length() {
        return length;
    }

    CorruptAdapterException corrupt(String what) {
        return new CorruptAdapterException(name + ": " + what + ". The file is damaged or not a PyTorch file.");
    }

    ByteBuffer read(long position, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        fill(position, bytes);
        return bytes.flip();
    }

    void fill(long position, ByteBuffer into) throws IOException {
        long at = position;
        while (into.hasRemaining()) {
            int count = channel.read(into, at);
            if (count < 0) {
                throw new EOFException(name + ", byte " + at + ": the file became shorter while it was read");
            }
            at += count;
        }
    }

    /** Where the bytes of an entry begin: behind its local header, which must be there and name the same method. */
    long start(ZipDirectory.Entry entry) throws IOException {
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

    private CorruptAdapterException noHeader(ZipDirectory.Entry entry) {
        return corrupt("entry \"" + entry.name() + "\" is not at byte " + entry.header()
                + " as the directory says, or not whole");
    }

    /** Bytes of an entry, decompressed; the caller has checked the range against {@code entry.size()}. */
    byte[] read(ZipDirectory.Entry entry, long from, int count) throws IOException {
        long start = start(entry);
        return entry.deflated()
                ? inflate(entry, start, from, count)
                : read(start + from, count).array();
    }

    private byte[] inflate(ZipDirectory.Entry entry, long start, long from, int count) throws IOException {
        Inflater inflater = new Inflater(true);
        try {
            Inflating inflating = new Inflating(entry, start, inflater);
            byte[] skipped = new byte[(int) Math.min(PIECE, from)];
            for (long left = from; left > 0; left -= skipped.length) {
                inflating.next(skipped, (int) Math.min(skipped.length, left));
            }
            byte[] result = new byte[count];
            inflating.next(result, count);
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

        void next(byte[] into, int count) throws IOException, DataFormatException {
            int done = 0;
            while (done < count) {
                done += inflate(into, done, count - done);
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

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
