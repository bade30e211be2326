/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Words why a path is no file that can be read. A directory in the place of a file is there, and "no such file" would send
 * its reader looking for a typo.
 *
 * @apiNote Status: experimental
 */
public final class MissingFile {

    private MissingFile() {}

    /**
     * Refuses what is not a regular file.
     *
     * @param path where the file should be
     * @param expected what it should be: {@code a tokenizer.json}
     * @throws NoSuchFileException if nothing is there
     * @throws FileSystemException if a directory or a device is there
     */
    public static void requireRegular(Path path, String expected) throws IOException {
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
