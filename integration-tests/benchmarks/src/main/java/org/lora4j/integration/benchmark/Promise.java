/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.Locale;
import java.util.OptionalDouble;

/**
 * A number that the project promises, and what it is.
 *
 * @param name its name
 * @param value what was found; empty if it was not measured
 * @param side which side of the target is good
 * @param target the promise
 * @param note why it was not measured, or what it is made of; may be empty
 */
record Promise(String name, OptionalDouble value, Side side, double target, String note) {

    /** The verdict on a figure that was measured and missed. */
    static final String NOT_REACHED = "not reached";

    /** Which side of the target is good. */
    enum Side {
        AT_LEAST,
        AT_MOST;

        private String words() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    static Promise atMost(String name, double value, double target) {
        return new Promise(name, OptionalDouble.of(value), Side.AT_MOST, target, "");
    }

    static Promise atLeast(String name, double value, double target) {
        return new Promise(name, OptionalDouble.of(value), Side.AT_LEAST, target, "");
    }

    /** {@code reached}, {@code not reached} or {@code not measured}. */
    String verdict() {
        if (value.isEmpty() || Double.isNaN(value.getAsDouble())) {
            return "not measured";
        }
        double found = value.getAsDouble();
        return (side == Side.AT_LEAST ? found >= target : found <= target) ? "reached" : NOT_REACHED;
    }

    /** The value with two digits behind the point, or a dash. */
    String found() {
        return value.isEmpty() ? "-" : String.format(Locale.ROOT, "%.2f", value.getAsDouble());
    }

    /** The target in words. */
    String wanted() {
        String number = String.format(Locale.ROOT, "%.2f", target).replaceAll("\\.?0+$", "");
        return side.words() + " " + number;
    }
}
