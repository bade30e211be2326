/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Finds what a file names by a path, in folders of the caller. The path may be one of another machine, or lead out of them: what is
 * found lies below a folder, all links followed.
 *
 * @apiNote Status: internal
 */
public final class AllowedFolders {

    /** Models have folders for their parts. */
    private static final int DEEPEST = 3;

    private AllowedFolders() {}

    /**
     * Looks for a file or directory.
     *
     * @param name the path as it was written: looked for as it is, then by its last names, the longest first
     * @param top the directory in which everything lies that would be read with a candidate
     * @return the first that is there and below a folder, with all that is in its top directory
     * @throws IOException if a folder does not exist or cannot be read
     */
    public static Optional<Path> find(String name, UnaryOperator<Path> top, Path... folders) throws IOException {
        for (Path folder : folders) {
            Path root = folder.toRealPath();
            for (Path candidate : candidates(root, name)) {
                if (Files.exists(candidate) && isWithin(root, top.apply(candidate))) {
                    return Optional.of(candidate);
                }
            }
        }
        return Optional.empty();
    }

    private static List<Path> candidates(Path root, String name) {
        List<Path> candidates = new ArrayList<>();
        addCandidates(root, name, candidates);
        if (name.indexOf('\\') >= 0) {
            // Written on Windows, perhaps, and read elsewhere.
            addCandidates(root, name.replace('\\', '/'), candidates);
        }
        candidates.removeIf(candidate -> !candidate.startsWith(root) || candidate.equals(root));
        return candidates;
    }

    private static void addCandidates(Path root, String name, List<Path> candidates) {
        Path saved;
        try {
            saved = root.getFileSystem().getPath(name).normalize();
        } catch (InvalidPathException e) {
            return;
        }
        if (saved.toAbsolutePath().startsWith(root)) {
            candidates.add(saved.toAbsolutePath());
        }
        for (int from = 0; from < saved.getNameCount(); from++) {
            candidates.add(
                    root.resolve(saved.subpath(from, saved.getNameCount())).normalize());
        }
    }

    private static boolean isWithin(Path root, Path top) throws IOException {
        if (!top.startsWith(root)) {
            return false;
        }
        try (Stream<Path> files = Files.walk(top, DEEPEST, FileVisitOption.FOLLOW_LINKS)) {
            for (Path inside : (Iterable<Path>) files::iterator) {
                if (!inside.toRealPath().startsWith(root)) {
                    return false;
                }
            }
            return true;
        } catch (UncheckedIOException e) {
            return false;
        }
    }
}
