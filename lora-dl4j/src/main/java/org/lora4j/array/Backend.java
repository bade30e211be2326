/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.array;

import org.nd4j.linalg.factory.Nd4j;

/**
 * The native side of ND4J, which the user of this library adds.
 *
 * @apiNote Status: internal
 */
public final class Backend {

    private Backend() {}

    /**
     * Checks that there is one, before anything is read or made that needs it.
     *
     * @throws IllegalStateException if ND4J finds no backend on the class path; the message names the artifact to add
     */
    public static void require() {
        try {
            Nd4j.getBackend();
        } catch (LinkageError e) {
            throw new IllegalStateException(
                    "ND4J: no backend on the class path (" + e + "); expected one. Add the dependency"
                            + " org.nd4j:nd4j-native:1.0.0-M2.1 (CPU) or another backend of the same version.",
                    e);
        }
    }
}
