/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A directory in which the caller lets bases be looked for. */
record AllowedDirectory(Path path, Path real) {

    AllowedDirectory(Path path) throws IOException {
        this(path.toAbsolutePath().normalize(), path.toRealPath());
    }

    /** Whether a path leads into it as far as its names say. Nothing is touched: also a look at a path may do harm. */
    boolean names(Path candidate) {
        Path absolute = candidate.toAbsolutePath().normalize();
        return absolute.startsWith(path) || absolute.startsWith(real);
    }

    /** What is in it, in the order of names. */
    List<Path> list() throws IOException {
        try (Stream<Path> entries = Files.list(path)) {
            return entries.sorted().toList();
        }
    }

    /**
     * Whether a file, all links followed, is a regular one within it, or a directory that has nothing but such files, an
     * encoder's.
     */
    boolean holds(Path candidate) throws IOException {
        if (!isWithin(candidate)) {
            return false;
        }
        if (!Files.isDirectory(candidate)) {
            return Files.isRegularFile(candidate);
        }
        try (Stream<Path> files = Files.list(candidate)) {
            for (Path file : files.toList()) {
                if (!isWithin(file)) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean isWithin(Path candidate) throws IOException {
        return candidate.toRealPath().startsWith(real);
    }
}
