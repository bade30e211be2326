/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Files beside the checkout: in the folder {@code lora4j.shared}. */
public final class SharedFiles {

    private static final Path DATA =
            Path.of(System.getProperty("lora4j.shared")).resolve("data");

    private SharedFiles() {}

    /**
     * Skips the test, with a message, unless a data set is there.
     *
     * @param name the name of its folder
     * @return the folder
     */
    public static Path folder(String name) {
        Path folder = DATA.resolve(name);
        boolean there = Files.isDirectory(folder);
        String message = "skipped: no data set " + folder + " (-Dlora4j.shared=FOLDER, which has data/" + name + ")";
        if (!there) {
            System.out.println(message);
        }
        assumeTrue(there, message);
        return folder;
    }
}
