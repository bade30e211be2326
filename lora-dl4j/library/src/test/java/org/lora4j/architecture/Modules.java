/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.architecture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The modules of the library, as the folders say: a new one is seen without a line here, unless it is a program. */
public final class Modules {

    private static final Path FOLDER = Path.of(System.getProperty("lora4j.root"), "lora-dl4j");

    /** Programs over the library, and what runs within others, which it does not see; their own tests look at them. */
    private static final Set<String> PROGRAMS = Set.of("cli", "spark");

    private Modules() {}

    /** The folders of sources, one for each module that has any. */
    public static List<Path> sources() {
        try (Stream<Path> modules = Files.list(FOLDER)) {
            return modules.filter(
                            module -> !PROGRAMS.contains(module.getFileName().toString()))
                    .map(module -> module.resolve(Path.of("src", "main", "java")))
                    .filter(Files::isDirectory)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
