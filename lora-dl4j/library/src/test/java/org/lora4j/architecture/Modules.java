/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.architecture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The modules of the library, as the folders say: a new one is seen without a line here. */
public final class Modules {

    private static final Path FOLDER = Path.of(System.getProperty("lora4j.root"), "lora-dl4j");

    private Modules() {}

    /** The folders of sources, one for each module that has any. */
    public static List<Path> sources() {
        try (Stream<Path> modules = Files.list(FOLDER)) {
            return modules.map(module -> module.resolve(Path.of("src", "main", "java")))
                    .filter(Files::isDirectory)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
