/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.onednn;

import java.util.Optional;

/**
 * Whether the library can be loaded. Asking needs no class of it.
 *
 * @apiNote Status: internal
 */
public final class DnnlAvailability {

    private DnnlAvailability() {}

    /** Whether it can. */
    public static boolean isThere() {
        return failure() == null;
    }

    /** Why there is no oneDNN, or null. */
    public static String failure() {
        try {
            Optional<String> mismatch = DnnlLibrary.mismatch();
            if (mismatch.isPresent()) {
                return mismatch.get();
            }
            DnnlLibrary.load();
            return null;
        } catch (NoClassDefFoundError e) {
            return "its classes are not on the class path";
        } catch (LinkageError e) {
            return "its natives for this platform are not on the class path, or do not load (" + e.getMessage() + ")";
        }
    }
}
