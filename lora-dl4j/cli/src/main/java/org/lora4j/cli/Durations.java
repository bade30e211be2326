/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.Locale;

/** Times as people say them. */
final class Durations {

    private static final double SHORT = 9.95;
    private static final int MINUTE = 60;
    private static final int HOUR = 3600;

    private Durations() {}

    static String of(double seconds) {
        if (seconds < SHORT) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        if (whole < MINUTE) {
            return whole + " s";
        }
        return whole < HOUR
                ? whole / MINUTE + " min " + whole % MINUTE + " s"
                : whole / HOUR + " h " + whole % HOUR / MINUTE + " min";
    }
}
