/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import java.util.List;

/**
 * Cuts a text before the first stop string. Text that may still become one is held back until the next piece tells.
 *
 * <p>A text ends where a stop string is complete for the first time, and is cut before the longest one that is complete there;
 * so it does not matter how the text is cut into pieces.
 */
final class StopStrings {

    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean found;

    StopStrings(List<String> stops) {
        this.stops = stops;
    }

    /** Whether a stop string was complete: nothing comes after it. */
    boolean isFound() {
        return found;
    }

    /**
     * Takes the next piece.
     *
     * @return what can be shown: all that is no part of a stop string
     */
    String accept(String piece) {
        for (int i = 0; i < piece.length() && !found; i++) {
            held.append(piece.charAt(i));
            int stop = longestAtEnd();
            if (stop > 0) {
                found = true;
                held.setLength(held.length() - stop);
            }
        }
        return release(found ? held.length() : firstPossible());
    }

    /** What is held back, at the end of the text. */
    String rest() {
        return release(held.length());
    }

    private String release(int length) {
        String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }

    private int longestAtEnd() {
        int longest = 0;
        for (String stop : stops) {
            int from = held.length() - stop.length();
            if (stop.length() > longest && from >= 0 && isBegun(stop, from)) {
                longest = stop.length();
            }
        }
        return longest;
    }

    /** Where the first stop string may have begun. */
    private int firstPossible() {
        int from = 0;
        while (from < held.length() && !isAnyBegun(from)) {
            from++;
        }
        return from;
    }

    private boolean isAnyBegun(int from) {
        for (String stop : stops) {
            if (isBegun(stop, from)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the text from there to its end is how the stop string begins. */
    private boolean isBegun(String stop, int from) {
        int length = held.length() - from;
        if (length > stop.length()) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (held.charAt(from + i) != stop.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
