/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.List;

/** What {@code -Dbenchmark.strict} asks for: a benchmark fails if a figure was measured and not reached. */
public final class Strict {

    static final String PROPERTY = "benchmark.strict";

    private Strict() {}

    /**
     * Called when everything has been printed and written.
     *
     * @param missed names of the figures that were not reached
     * @throws IllegalStateException if there is one, and the property is set
     */
    public static void require(List<String> missed) {
        if (Boolean.getBoolean(PROPERTY) && !missed.isEmpty()) {
            throw new IllegalStateException(missed.size() + " figures not reached: " + String.join("; ", missed));
        }
    }
}
