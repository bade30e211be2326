/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.cases;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds the folders of cases. */
public final class CaseFolders {

    private CaseFolders() {}

    /**
     * Finds cases.
     *
     * @param paths folders, each of one case or of folders of cases, separated as the system separates paths
     * @param start what relative paths are relative to
     * @return the folders of cases, in the order given and by name within each
     * @throws IOException if one does not exist or holds no case
     */
    public static List<Path> find(String paths, Path start) throws IOException {
        List<Path> found = new ArrayList<>();
        for (String path : paths.split(Pattern.quote(File.pathSeparator))) {
            if (!path.isBlank()) {
                found.addAll(under(start.resolve(path.strip()).normalize()));
            }
        }
        if (found.isEmpty()) {
            throw new IOException(
                    "no cases in \"" + paths + "\"; expected folders of cases. Name some: -Dpeft.fixtures=DIR");
        }
        return List.copyOf(found);
    }

    private static List<Path> under(Path folder) throws IOException {
        if (Files.isRegularFile(folder.resolve(GoldenCase.ABOUT))) {
            return List.of(folder);
        }
        if (!Files.isDirectory(folder)) {
            throw new IOException(folder + ": no such folder; expected a case or a folder of cases");
        }
        try (Stream<Path> children = Files.list(folder)) {
            // A folder of an adapter without its case.json is listed too, to be reported and not passed over.
            List<Path> cases = children.filter(child -> Files.exists(child.resolve(GoldenCase.ABOUT))
                            || Files.exists(child.resolve("adapter_config.json"))
                            || Files.exists(child.resolve("base.safetensors")))
                    .sorted()
                    .toList();
            if (cases.isEmpty()) {
                throw new IOException(folder + ": holds no case; expected " + GoldenCase.ABOUT + " or folders with it");
            }
            return cases;
        }
    }
}
