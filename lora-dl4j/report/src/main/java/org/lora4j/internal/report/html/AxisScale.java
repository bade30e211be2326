/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report.html;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lora4j.internal.report.ShownNumber;

/**
 * Where numbers are on an axis.
 *
 * @param low the number at its start, of its logarithm if it has one
 * @param high the number at its end
 * @param logarithmic whether numbers are placed by their logarithm to base 10
 * @param whole whether all numbers are whole, such as those of epochs
 */
record AxisScale(double low, double high, boolean logarithmic, boolean whole) {

    private static final int TICKS = 5;
    private static final double[] STEPS = {1, 2, 5, 10};

    /** An axis on which all numbers have a place. */
    static AxisScale over(List<Double> values, boolean logarithmic, double margin) {
        boolean whole = values.stream().allMatch(value -> value == Math.rint(value));
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (double value : values) {
            double at = logarithmic ? Math.log10(value) : value;
            low = Math.min(low, at);
            high = Math.max(high, at);
        }
        if (low == high) {
            double half = low == 0 ? 1 : Math.abs(low) / 2;
            return new AxisScale(low - half, high + half, logarithmic, whole);
        }
        double more = margin * (high - low);
        // What is never below 0 is not drawn as if it could be.
        return new AxisScale(
                low >= 0 ? Math.max(low - more, Math.min(low, 0)) : low - more, high + more, logarithmic, whole);
    }

    /** 0 at the start, 1 at the end. */
    double place(double value) {
        double at = logarithmic ? Math.log10(value) : value;
        // Halves, since the difference of the largest numbers is none.
        return (at / 2 - low / 2) / (high / 2 - low / 2);
    }

    /** Round numbers on it. */
    List<Double> ticks() {
        List<Double> ticks = new ArrayList<>();
        double width = high / 2 - low / 2;
        double unit = Math.pow(10, Math.floor(Math.log10(width / TICKS * 2)));
        double step = unit * STEPS[STEPS.length - 1];
        for (int i = STEPS.length - 1; i >= 0; i--) {
            if (2 * width / (unit * STEPS[i]) <= TICKS + 1) {
                step = unit * STEPS[i];
            }
        }
        if (logarithmic || whole) {
            step = Math.max(1, Math.rint(step));
        }
        for (double i = Math.ceil(low / step); i * step <= high + step * 1e-9 && ticks.size() <= 2 * TICKS; i++) {
            ticks.add(logarithmic ? Math.pow(10, i * step) : i * step);
        }
        return ticks;
    }

    /** A tick in words. */
    String label(double tick) {
        if (logarithmic) {
            // Powers of 10.
            return tick >= 1 && tick < 1e5 ? ShownNumber.of(Math.rint(tick)) : String.format(Locale.ROOT, "%.0e", tick);
        }
        double size = Math.max(Math.abs(low), Math.abs(high));
        return size >= 1e6 || size < 1e-2
                ? String.format(Locale.ROOT, "%.1e", tick)
                : ShownNumber.of(Math.rint(tick * 1e6) / 1e6);
    }
}
