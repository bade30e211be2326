/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.fuzz;

import java.io.IOException;

/** What Jazzer calls; the target's name is in the system property {@value #TARGET}. */
public final class FuzzEntry {

    static final String TARGET = "fuzz.target";

    private static final FuzzTarget CHOSEN = FuzzTarget.valueOf(System.getProperty(TARGET));

    private FuzzEntry() {}

    /** Jazzer's name for it. */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        CHOSEN.accepts(input);
    }
}
