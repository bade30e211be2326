/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** Everything wrong with one input, gathered so that the user repairs it in one go. */
final class Problems {

    private static final int LISTED = 10;

    private final List<String> found = new ArrayList<>();

    void add(String problem) {
        found.add(problem);
    }

    void check(boolean fine, String problem) {
        if (!fine) {
            found.add(problem);
        }
    }

    void finiteAboveZero(String name, double value) {
        check(Double.isFinite(value) && value > 0, name + " = " + value + ", expected a finite number above 0");
    }

    void finiteFromZero(String name, double value) {
        check(Double.isFinite(value) && value >= 0, name + " = " + value + ", expected a finite number, 0 or above");
    }

    void fraction(String name, double value) {
        check(value >= 0 && value < 1, name + " = " + value + ", expected [0, 1)");
    }

    void throwIfAny(String where) {
        if (!found.isEmpty()) {
            throw new IllegalArgumentException(message(where));
        }
    }

    boolean any() {
        return !found.isEmpty();
    }

    String message(String where) {
        return found.size() == 1
                ? where + ": " + found.get(0)
                : where + ": " + found.size() + " problems: " + String.join("; ", found);
    }

    /** Names in quotes, cut at ten. */
    static String list(Collection<String> names) {
        String head = names.stream().limit(LISTED).map(n -> "'" + n + "'").collect(Collectors.joining(", "));
        return names.size() > LISTED ? head + " and " + (names.size() - LISTED) + " more" : head;
    }
}
