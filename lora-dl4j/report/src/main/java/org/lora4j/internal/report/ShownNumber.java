/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report;

import java.util.Locale;

/**
 * Numbers as people read them.
 *
 * @apiNote Status: internal
 */
public final class ShownNumber {

    private static final double SMALLEST = 1e-3;
    private static final double LARGEST = 1e7;

    private ShownNumber() {}

    /**
     * A number with four digits that say something.
     *
     * @param number a finite number
     * @return such as {@code 0.8512}, {@code 1,234} or {@code 2.00e-05}
     */
    public static String of(double number) {
        double size = Math.abs(number);
        if (number == Math.rint(number) && size < LARGEST) {
            return String.format(Locale.ROOT, "%,d", (long) number);
        }
        if (size < SMALLEST || size >= LARGEST) {
            return String.format(Locale.ROOT, "%.2e", number);
        }
        String text = String.format(Locale.ROOT, size >= 1000 ? "%,.1f" : size >= 10 ? "%.2f" : "%.4f", number);
        return text.replaceFirst("0+$", "").replaceFirst("\\.$", "");
    }

    /**
     * A part of a whole.
     *
     * @param share 0 to 1
     * @return such as {@code 85.1 %}
     */
    public static String share(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }
}
