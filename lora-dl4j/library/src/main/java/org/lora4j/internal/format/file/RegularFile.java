/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Function;
import org.lora4j.error.MessageText;

/**
 * Files to be read. Links are followed, as the caches of other libraries consist of them; but what is no regular file in
 * the end is refused before it is opened: a device may never end, and opening a pipe waits for somebody to write.
 *
 * @apiNote Status: internal
 */
public final class RegularFile {

    private RegularFile() {}

    /**
     * Reads a short file.
     *
     * @param file the file
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
     * @param file the file
     * @param most how many bytes to read at most
     * @return the bytes; fewer than {@code most} if the file has no more
     * @throws IOException if it cannot be read
     */
    public static byte[] start(Path file, int most) throws IOException {
        require(file, "a regular file");
        // The length that the system tells is no bound: files of /proc have none, and a file may grow meanwhile.
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(most);
        }
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
