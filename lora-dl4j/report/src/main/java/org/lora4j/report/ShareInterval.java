/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.Locale;

/**
 * A share that was counted, with the interval that holds it with 95 % probability (Wilson 1927; it stays within 0 and 1 and says something
 * of few examples, too).
 *
 * @param share the share that was counted
 * @param low the lower end
 * @param high the upper end
 */
record ShareInterval(double share, double low, double high) {

    private static final double Z = 1.959963984540054;

    static ShareInterval of(long part, long whole) {
        double share = (double) part / whole;
        double squared = Z * Z / whole;
        double middle = (share + squared / 2) / (1 + squared);
        double half = Z / (1 + squared) * Math.sqrt(share * (1 - share) / whole + squared / (4 * whole));
        return new ShareInterval(share, Math.max(0, middle - half), Math.min(1, middle + half));
    }

    /** The ends in percent. */
    String ends() {
        return String.format(Locale.ROOT, "%.1f to %.1f %%", 100 * low, 100 * high);
    }
}
