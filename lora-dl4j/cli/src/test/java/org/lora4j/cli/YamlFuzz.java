/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.lora4j.error.ModelFormatException;

/** The way of a file of settings into the program, for the fuzzers, which are in another module. */
public final class YamlFuzz {

    private YamlFuzz() {}

    /**
     * Reads a file of settings as {@code --config} does.
     *
     * @param file the file
     * @throws ModelFormatException if it is refused, with the words of the program
     */
    public static void read(Path file) throws IOException {
        try {
            CliSettings.Builder builder = CliSettings.builder();
            YamlFile.read(file)
                    .forEach((key, value) -> builder.put(key, value.value(), file + ", line " + value.line()));
            builder.build();
        } catch (CliException e) {
            // Problems of several settings are listed behind a word of their own.
            throw new ModelFormatException(file + ": " + e.getMessage(), e);
        }
    }
}
