/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.Sha256;

/**
 * A file that is read, and that has to be the same when all is written: what was made of two states of it would be neither.
 *
 * @apiNote Status: internal
 */
public final class SourceFile {

    private static final String EXPECTED = "the file that is exported";

    private final Path file;
    private final byte[] hash;

    private SourceFile(Path file, byte[] hash) {
        this.file = file;
        this.hash = hash;
    }

    /**
     * Reads a file.
     *
     * @param <T> what is made of it
     */
    @FunctionalInterface
    public interface Reader<T> {

        /**
         * Reads.
         *
         * @param in the file; need not be read to its end
         */
        T read(InputStream in) throws IOException;
    }

    /**
     * What was read, and the file to compare with afterwards.
     *
     * @param <T> what is made of it
     * @param value what was made of it
     */
    public record Read<T>(T value, SourceFile file) {}

    /**
     * Reads a file.
     *
     * @param reader makes something of it
     * @return what it made, and the file as it was
     */
    public static <T> Read<T> read(Path file, Reader<T> reader) throws IOException {
        MessageDigest digest = Sha256.begin();
        try (InputStream in = new DigestInputStream(RegularFile.open(file, EXPECTED), digest)) {
            T value = reader.read(in);
            in.transferTo(OutputStream.nullOutputStream());
            return new Read<>(value, new SourceFile(file, digest.digest()));
        }
    }

    /**
     * Refuses a file that has changed.
     *
     * @throws IOException if it is another one than was read, or cannot be read any more
     */
    public void requireUnchanged() throws IOException {
        MessageDigest digest = Sha256.begin();
        try (InputStream in = new DigestInputStream(RegularFile.open(file, EXPECTED), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        if (!Arrays.equals(hash, digest.digest())) {
            throw new ModelFormatException(MessageText.path(file)
                    + ": it changed while it was read; expected the same bytes from beginning to end, and nothing was"
                    + " written. Somebody writes to it: export again when it is complete.");
        }
    }
}
