/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;
import org.lora4j.error.MessageText;

/**
 * Files to be read. Links are followed, as the caches of other libraries consist of them; but what is no regular file in
 * the end is refused before it is opened: a device may never end, and opening a pipe waits for somebody to write. Files of
 * callers are opened here and nowhere else, which {@code StrangersFilesTest} sees to.
 *
 * @apiNote Status: internal
 */
public final class RegularFile {

    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private RegularFile() {}

    /**
     * Reads a short file.
     *
     * @param expected what it should be, for the message: {@code a config.json}
     * @param most how many bytes it may have
     * @param tooLong makes the exception, given the message, if it has more
     * @return its bytes
     * @throws IOException if it is no regular file, is too long, or cannot be read
     */
    public static byte[] bytes(Path file, String expected, int most, Function<String, IOException> tooLong)
            throws IOException {
        require(file, expected);
        long size = Files.size(file);
        byte[] bytes = start(file, most + 1);
        if (bytes.length > most) {
            throw tooLong.apply(file + ": the file has " + Math.max(size, bytes.length) + " bytes; expected " + expected
                    + ", at most " + most + " bytes. Check what file it is.");
        }
        return bytes;
    }

    /**
     * The first bytes of a regular file.
     *
     * @param most how many bytes to read at most
     * @return the bytes; fewer than {@code most} if the file has no more
     */
    public static byte[] start(Path file, int most) throws IOException {
        // The length that the system tells is no bound: files of /proc have none, and a file may grow meanwhile.
        try (InputStream in = open(file, "a regular file")) {
            return in.readNBytes(most);
        }
    }

    /**
     * Opens a regular file.
     *
     * @param expected what it should be, for the message: {@code a tokenizer.json}
     * @return its bytes, to be closed
     * @throws IOException if it is no regular file, or cannot be opened
     */
    public static InputStream open(Path file, String expected) throws IOException {
        require(file, expected);
        return Files.newInputStream(file);
    }

    /**
     * Opens a regular file of text in UTF-8.
     *
     * @param expected as for {@link #open}
     * @return its text without a byte order mark, to be closed; reading ends with a {@link
     *     java.nio.charset.CharacterCodingException} at bytes that are no UTF-8
     * @throws IOException if it is no regular file, or cannot be opened
     */
    public static BufferedReader text(Path file, String expected) throws IOException {
        return text(file, expected, StandardCharsets.UTF_8);
    }

    /**
     * Opens a regular file of text.
     *
     * @param expected as for {@link #open}
     * @return as {@link #text(Path, String)}
     * @throws IOException as {@link #text(Path, String)}
     */
    public static BufferedReader text(Path file, String expected, Charset charset) throws IOException {
        require(file, expected);
        BufferedReader text = Files.newBufferedReader(file, charset);
        try {
            text.mark(1);
            if (text.read() != BYTE_ORDER_MARK) {
                text.reset();
            }
            return text;
        } catch (IOException | RuntimeException | Error e) {
            text.close();
            throw e;
        }
    }

    /**
     * Opens a regular file to be read in any order, by {@link #fill}.
     *
     * @param expected as for {@link #open}
     * @return a channel, to be closed; an interrupt of a thread that reads it closes it
     * @throws IOException if it is no regular file, or cannot be opened
     */
    public static FileChannel channel(Path file, String expected) throws IOException {
        require(file, expected);
        return FileChannel.open(file, StandardOpenOption.READ);
    }

    /**
     * Fills a buffer with bytes of a file.
     *
     * @param file its name, for messages
     * @param position where the bytes begin
     * @param into takes as many bytes as it has left
     * @throws EOFException if the file ends before
     * @throws InterruptedIOException if the thread is interrupted, before or meanwhile; the channel is closed then
     */
    public static void fill(String file, FileChannel channel, long position, ByteBuffer into) throws IOException {
        long at = position;
        while (into.hasRemaining()) {
            int count;
            try {
                count = channel.read(into, at);
            } catch (ClosedByInterruptException e) {
                throw interrupted(file);
            }
            if (count < 0) {
                throw new EOFException(file + ", byte " + at + ": the file became shorter while it was read");
            }
            at += count;
        }
    }

    /**
     * The length of a file.
     *
     * @param file its name, for messages
     * @return bytes
     * @throws InterruptedIOException if the thread is interrupted; the channel is closed then
     * @throws IOException if the system does not tell
     */
    public static long size(String file, FileChannel channel) throws IOException {
        try {
            return channel.size();
        } catch (ClosedByInterruptException e) {
            throw interrupted(file);
        }
    }

    /**
     * Maps bytes of a file into memory.
     *
     * @param file its name, for messages
     * @param position where the bytes begin
     * @param length how many, at most 2 GiB - 1
     * @return a read-only buffer
     * @throws InterruptedIOException if the thread is interrupted; the channel is closed then
     * @throws IOException if the system does not map it
     */
    public static ByteBuffer map(String file, FileChannel channel, long position, int length) throws IOException {
        try {
            return channel.map(FileChannel.MapMode.READ_ONLY, position, length);
        } catch (ClosedByInterruptException e) {
            throw interrupted(file);
        }
    }

    /** The exception of the JDK has no words at all. */
    private static InterruptedIOException interrupted(String file) {
        return new InterruptedIOException(
                file + ": the thread was interrupted while it read the file, which is closed now. Open it again");
    }

    /**
     * Refuses what is not a regular file. A directory in its place is there, and "no such file" would send its reader looking
     * for a typo.
     *
     * @param path where the file should be
     * @param expected what it should be: {@code a tokenizer.json}
     * @throws NoSuchFileException if nothing is there
     * @throws FileSystemException if a directory or a device is there
     */
    public static void require(Path path, String expected) throws IOException {
        if (Files.isRegularFile(path)) {
            return;
        }
        String file = MessageText.path(path);
        if (Files.isDirectory(path)) {
            throw new FileSystemException(
                    file, null, "is a directory; expected " + expected + ". Name the file itself.");
        }
        if (Files.exists(path)) {
            throw new FileSystemException(
                    file, null, "is a device or a pipe; expected " + expected + ". Check the path.");
        }
        throw new NoSuchFileException(
                file, null, "no such file" + becauseOfParent(path) + "; expected " + expected + ". Check the path.");
    }

    private static String becauseOfParent(Path path) {
        Path parent = path.getParent();
        if (parent == null || Files.isDirectory(parent)) {
            return "";
        }
        return Files.exists(parent) ? ", as " + parent.getFileName() + " is a file" : ", and no such directory";
    }
}
