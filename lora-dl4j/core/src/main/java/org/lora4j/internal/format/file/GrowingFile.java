/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file that others read while it grows, such as a log of a run. It is a new one, and what is there is never changed: each call adds its
 * bytes in one write and leaves the file closed, so a run that ends anywhere leaves nothing open.
 *
 * <p><b>Threads.</b> One.
 *
 * @apiNote Status: internal
 */
public final class GrowingFile {

    private final Path file;

    private GrowingFile(Path file) {
        this.file = file;
    }

    /**
     * Makes the file and the folders above it.
     *
     * @param file what is not there yet
     * @return the file, empty
     * @throws IOException if it is there, or cannot be made
     */
    public static GrowingFile create(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        Files.createFile(file);
        return new GrowingFile(file);
    }

    /**
     * Adds to its end.
     *
     * @param bytes what to add
     * @throws IOException if it cannot be written, or is no longer there
     */
    public void append(byte[] bytes) throws IOException {
        try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            out.write(bytes);
        }
    }

    /**
     * Where it is.
     *
     * @return its path
     */
    public Path path() {
        return file;
    }
}
