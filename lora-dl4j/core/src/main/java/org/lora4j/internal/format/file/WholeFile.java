/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/**
 * Writes a file that is there whole or not at all.
 *
 * <p>An interrupt neither stops a write nor gets lost: the thread is still interrupted afterwards. (A channel would be
 * closed by it in the middle; the streams used here are not.)
 *
 * @apiNote Status: internal
 */
public final class WholeFile {

    private static final int BUFFER = 1 << 16;

    private WholeFile() {}

    /** Looks at a file before anybody else can. */
    @FunctionalInterface
    public interface Check {

        /**
         * Reads it.
         *
         * @param written the whole file, under a temporary name
         * @throws IOException if it is not what it should be
         */
        void accept(Path written) throws IOException;
    }

    /** What a file is to hold. */
    @FunctionalInterface
    public interface Content {

        /**
         * Writes it.
         *
         * @param out takes the bytes; not to be closed
         */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Writes a file under a temporary name beside its place, forces it to the disk, reads it back to see that it holds what was written, and
     * renames it. A link of that name is replaced, not followed.
     *
     * @param file the file to create or replace; its directory must be there
     * @throws IOException if writing fails; what was there before is unchanged then and nothing else is left behind
     */
    public static void write(Path file, Content content) throws IOException {
        write(file, content, written -> {});
    }

    /**
     * The same, of a file that is also looked at before it has its name: that its bytes are those that were written does not say that they
     * make what was meant.
     *
     * @param file the file to create or replace
     * @param check refuses what it reads
     */
    public static void write(Path file, Content content, Check check) throws IOException {
        Path absolute = file.toAbsolutePath();
        // Not Files.createTempFile: its permissions are for one user, and they would stay with the file.
        Path temporary = absolute.resolveSibling("." + absolute.getFileName() + "."
                + ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime()) + ".tmp");
        try {
            writeNew(temporary, content);
            check.accept(temporary);
            if (Files.isDirectory(absolute, LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException("it is a directory");
            }
            Files.move(temporary, absolute, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            forceDirectory(absolute.getParent());
        } catch (IOException e) {
            deleteAfter(temporary, e);
            throw explained(file, e);
        } catch (RuntimeException | Error e) {
            deleteAfter(temporary, e);
            throw e;
        }
    }

    /** What cannot be removed must not hide why the write failed. */
    private static void deleteAfter(Path temporary, Throwable failure) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** What the content itself throws, such as a damaged file that it is read from, is a matter of its own. */
    private static IOException explained(Path file, IOException failure) {
        if (failure.getClass() != IOException.class && !(failure instanceof FileSystemException)) {
            return failure;
        }
        FileProblem problem = FileProblem.ofFile(file, failure);
        return new IOException(
                file + ": it cannot be written: " + problem.what() + "; what was there before is unchanged. "
                        + problem.advice(),
                failure);
    }

    /**
     * As {@link #write(Path, Content)}, of a text in UTF-8.
     *
     * @param file the file to create or replace
     */
    public static void write(Path file, String text) throws IOException {
        write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Removes a file that is out of date, if it is there. A link of that name is removed, not followed.
     *
     * @param file the file
     * @throws IOException if it is there and cannot be removed
     */
    public static void remove(Path file) throws IOException {
        Files.deleteIfExists(file);
    }

    /**
     * Begins a file of a folder that nobody else knows yet, such as a temporary one.
     *
     * @param file the file, which must not exist
     * @return takes the bytes, to be closed
     * @throws IOException if it cannot be made
     */
    public static OutputStream create(Path file) throws IOException {
        return new BufferedOutputStream(
                Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), BUFFER);
    }

    private static void writeNew(Path file, Content content) throws IOException {
        CheckedOutputStream written = new CheckedOutputStream(create(file), new CRC32C());
        try (OutputStream out = written) {
            content.writeTo(out);
        }
        force(file, StandardOpenOption.WRITE);
        requireSame(file, written.getChecksum().getValue());
    }

    private static void requireSame(Path file, long expected) throws IOException {
        CRC32C found = new CRC32C();
        byte[] piece = new byte[BUFFER];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
                found.update(piece, 0, read);
            }
        }
        if (found.getValue() != expected) {
            throw new IOException("what is read of it is not what was written");
        }
    }

    /** Forces the names of a directory to the disk. */
    public static void forceDirectory(Path directory) throws IOException {
        // Only POSIX systems let a directory be opened and forced; elsewhere renames are durable by themselves.
        if (directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            force(directory, StandardOpenOption.READ);
        }
    }

    private static void force(Path path, StandardOpenOption how) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try (FileChannel channel = FileChannel.open(path, how)) {
                    channel.force(true);
                    return;
                } catch (ClosedByInterruptException e) {
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
}
