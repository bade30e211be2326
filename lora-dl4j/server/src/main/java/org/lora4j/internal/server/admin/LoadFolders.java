/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.admin;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;

/**
 * Folders below which clients may name files, by where they really are: a link that leads out of them is not below them.
 *
 * @apiNote Status: internal
 */
public final class LoadFolders {

    /** Models have folders for their parts. */
    private static final int DEEPEST = 3;

    private final List<Path> folders;

    /**
     * Folders.
     *
     * @param folders existing ones; none if nothing may be named
     * @throws IOException if one does not exist
     */
    public LoadFolders(List<Path> folders) throws IOException {
        List<Path> real = new ArrayList<>();
        for (Path folder : folders) {
            real.add(folder.toRealPath());
        }
        this.folders = List.copyOf(real);
    }

    /**
     * The directory that a client names.
     *
     * @return its real path
     * @throws HttpProblem if none may be named, or it is no directory below an allowed folder; whether something is there that is not
     *     allowed, nobody is told
     */
    Path directory(String name) {
        if (folders.isEmpty()) {
            throw new HttpProblem(
                    Kind.FORBIDDEN,
                    "loading at run time is off: the server was started without folders from which it may load.");
        }
        try {
            Path named = folders.get(0).getFileSystem().getPath(name).toAbsolutePath();
            if (isOnADriveOfOurs(named)) {
                Path real = named.toRealPath();
                if (isBelow(real) && Files.isDirectory(real) && allBelow(real)) {
                    return real;
                }
            }
        } catch (IOException | UncheckedIOException | InvalidPathException e) {
            // As if it were somewhere else.
        }
        throw new HttpProblem(
                        Kind.FORBIDDEN,
                        MessageText.name(name)
                                + " is no directory, with all that is in it, below a folder from which this server may load.")
                .param("lora_path");
    }

    /** On Windows a name may be that of a share: merely looking there tells its machine who we are. */
    private boolean isOnADriveOfOurs(Path named) {
        return folders.stream().anyMatch(folder -> folder.getRoot().equals(named.getRoot()));
    }

    private boolean isBelow(Path real) {
        return folders.stream().anyMatch(folder -> real.startsWith(folder) && !real.equals(folder));
    }

    /** Files in the directory may be links as well. */
    private boolean allBelow(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory, DEEPEST, FileVisitOption.FOLLOW_LINKS)) {
            for (Path file : files.toList()) {
                if (!isBelow(file.toRealPath())) {
                    return false;
                }
            }
            return true;
        }
    }
}
