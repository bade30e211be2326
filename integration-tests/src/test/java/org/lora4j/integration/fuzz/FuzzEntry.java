/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.fuzz;

import java.io.IOException;

/** What Jazzer calls; the target's name is in the system property {@value #TARGET}. */
public final class FuzzEntry {

    static final String TARGET = "fuzz.target";

    private static final FuzzTarget CHOSEN = FuzzTarget.valueOf(System.getProperty(TARGET));

    private FuzzEntry() {}

    /** Jazzer's name for what comes before the first input: the backend loads, which would count as the time of an input. */
    public static void fuzzerInitialize() throws IOException {
        CHOSEN.accepts(new byte[0]);
    }

    /** Jazzer's name for one input. */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        CHOSEN.accepts(input);
    }
}
