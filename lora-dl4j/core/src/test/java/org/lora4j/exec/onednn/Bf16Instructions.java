/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec.onednn;

import java.util.Set;
import org.lora4j.internal.onednn.DnnlLibrary;

/** Whether this processor multiplies BF16 by instructions of its own. */
public final class Bf16Instructions {

    private static final Set<String> WITH_BF16 = Set.of("AVX512-BF16", "AVX512-FP16", "AMX", "AMX-FP16");

    private Bf16Instructions() {}

    /** False without oneDNN, too. */
    public static boolean areHere() {
        return OneDnn.isAvailable() && WITH_BF16.contains(DnnlLibrary.instructions());
    }
}
