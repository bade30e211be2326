/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;

/** Directories of models. */
final class ModelDirectory {

    private ModelDirectory() {}

    /** Refuses what is no directory. */
    static void require(Path directory) throws IOException {
        Arguments.required(directory, "load: directory", "a model directory");
        if (!Files.exists(directory)) {
            throw new NoSuchFileException(
                    MessageText.path(directory),
                    null,
                    "no such directory; expected a model directory. Check the path.");
        }
        if (!Files.isDirectory(directory)) {
            throw new FileSystemException(
                    MessageText.path(directory),
                    null,
                    "is a file; expected a model directory. Name the directory that holds it.");
        }
    }
}
