/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.admin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.error.MessageText;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;

/** Folders below which clients may name files, by where they really are: a link that leads out of them is not below them. */
public final class AllowedFolders {

    private final List<Path> folders;

    /**
     * Folders.
     *
     * @param folders existing ones; none if nothing may be named
     * @throws IOException if one does not exist
     */
    public AllowedFolders(List<Path> folders) throws IOException {
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
            Path real = Path.of(name).toRealPath();
            if (folders.stream().anyMatch(folder -> real.startsWith(folder) && !real.equals(folder))
                    && Files.isDirectory(real)) {
                return real;
            }
        } catch (IOException | InvalidPathException e) {
            // As if it were somewhere else.
        }
        throw new HttpProblem(
                        Kind.FORBIDDEN,
                        MessageText.name(name) + " is no directory below a folder from which this server may load.")
                .param("lora_path");
    }
}
