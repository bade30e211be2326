/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lora4j.error.MessageText;

/** Where native libraries are unpacked to, before any of them is loaded. */
final class Caches {

    private Caches() {}

    static void use(String given) {
        Path folder = CliSettings.path(given, "--cache").toAbsolutePath();
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new CliException(
                    ExitCode.INPUT,
                    "--cache " + MessageText.path(folder) + " cannot be made: " + FailureWords.words(e),
                    e);
        }
        if (!Files.isWritable(folder)) {
            throw CliException.input("--cache " + MessageText.path(folder) + " cannot be written to");
        }
        // Asked by JavaCPP, which loads ND4J's libraries, and for what it unpacks meanwhile.
        System.setProperty("org.bytedeco.javacpp.cachedir", folder.toString());
        System.setProperty("java.io.tmpdir", folder.toString());
    }
}
