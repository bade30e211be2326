/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.cache;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Arrays in a file without a name, where the system allows it: it is deleted as soon as it is open, so that nothing is
 * left whatever becomes of the process.
 *
 * <p>Plain reads and writes. A channel would close for good when the training thread is interrupted, which is how a run is
 * stopped; a mapping cannot be given back in Java 17, and ends the process if the disk is full. The pages stay in the
 * system's cache either way.
 */
final class SpillFile implements AutoCloseable {

    private static final int PIECE = 1 << 16;

    private final Path path;
    private final RandomAccessFile file;
    private final byte[] piece = new byte[PIECE];
    private long end;

    /** Where an array lies in the file. */
    record Place(long start, DataType type, char order, long[] shape) {

        /** One of so many equal parts of the first indices of an array in C order. */
        Place part(int index, int of) {
            long[] ofPart = shape.clone();
            ofPart[0] /= of;
            long length = type.width();
            for (long size : ofPart) {
                length *= size;
            }
            return new Place(start + index * length, type, order, ofPart);
        }
    }

    private SpillFile(Path path, RandomAccessFile file) {
        this.path = path;
        this.file = file;
    }

    static SpillFile create(Path directory) {
        try {
            Files.createDirectories(directory);
            Path path = Files.createTempFile(directory, "lora4j-prefix-", ".tmp");
            SpillFile created;
            try {
                created = new SpillFile(path, new RandomAccessFile(path.toFile(), "rw"));
            } catch (IOException | RuntimeException e) {
                Files.deleteIfExists(path);
                throw e;
            }
            created.deleteEarly();
            return created;
        } catch (IOException e) {
            throw failed("cannot be made in " + directory, e);
        }
    }

    // Windows deletes no open file; close() does it there.
    private void deleteEarly() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            path.toFile().deleteOnExit();
        }
    }

    long size() {
        return end;
    }

    /** Appends an array that owns its memory. */
    Place append(INDArray owned) {
        ByteBuffer bytes = HostBytes.toRead(owned);
        Place place = new Place(end, owned.dataType(), owned.ordering(), owned.shape());
        int size = bytes.remaining();
        try {
            file.seek(end);
            while (bytes.hasRemaining()) {
                int length = Math.min(PIECE, bytes.remaining());
                bytes.get(piece, 0, length);
                file.write(piece, 0, length);
            }
        } catch (IOException e) {
            throw failed("cannot take " + size + " bytes behind " + end + " in " + path.getParent(), e);
        }
        end += size;
        return place;
    }

    /** A new array with the values of a place. */
    INDArray read(Place place) {
        INDArray array = Nd4j.createUninitialized(place.type(), place.shape(), place.order());
        ByteBuffer bytes = HostBytes.toWrite(array);
        try {
            file.seek(place.start());
            while (bytes.hasRemaining()) {
                int length = Math.min(PIECE, bytes.remaining());
                file.readFully(piece, 0, length);
                bytes.put(piece, 0, length);
            }
        } catch (IOException e) {
            array.close();
            throw failed("cannot be read in " + path.getParent(), e);
        }
        return array;
    }

    private static UncheckedIOException failed(String what, IOException cause) {
        return new UncheckedIOException(
                "prefix cache: the file of activations " + what + " (" + cause.getMessage()
                        + "); expected room for as many bytes as the cache may use. Make room, choose another directory, or"
                        + " give the cache less.",
                cause);
    }

    @Override
    public void close() {
        try {
            file.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw failed("cannot be removed from " + path.getParent(), e);
        }
    }
}
