/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A temporary folder, for as long as files pass through it.
 *
 * @param folder the folder
 * @apiNote Status: internal
 */
public record TemporaryFolder(Path folder) implements AutoCloseable {

    /**
     * Makes one.
     *
     * @return the folder, to be closed
     * @throws IOException if it cannot be made
     */
    public static TemporaryFolder create() throws IOException {
        return new TemporaryFolder(Files.createTempDirectory("lora4j"));
    }

    /** Puts a file into it. */
    public void add(String name, InputStream bytes) throws IOException {
        Files.copy(bytes, folder.resolve(name));
    }

    /** Removes the folder with all that is below it. */
    @Override
    public void close() throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> all = Files.walk(folder)) {
            deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : deepestFirst) {
            Files.delete(path);
        }
    }
}
