/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What Jazzer calls; the target's name is in the system property {@value #TARGET}, its seeds in {@value #SEEDS}. */
public final class FuzzEntry {

    static final String TARGET = "fuzz.target";

    static final String SEEDS = "fuzz.seeds";

    private static final FuzzTarget CHOSEN = FuzzTarget.valueOf(System.getProperty(TARGET));

    private FuzzEntry() {}

    /**
     * Jazzer's name for what comes before the first input: backend and classes load, which would count as the time of an
     * input.
     */
    public static void fuzzerInitialize() throws IOException {
        try (Stream<Path> seeds = Files.list(Path.of(System.getProperty(SEEDS)))) {
            for (Path seed : seeds.toList()) {
                CHOSEN.accepts(Files.readAllBytes(seed));
            }
        }
    }

    /** Jazzer's name for one input. */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        CHOSEN.accepts(input);
    }
}
