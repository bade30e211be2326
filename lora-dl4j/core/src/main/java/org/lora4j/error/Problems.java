/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Gathers everything that is wrong with one input, so that the user hears of it all at once.
 *
 * <p><b>Threads.</b> For one thread.
 *
 * @apiNote Status: stable
 */
public final class Problems {

    /** How many problems a message shows. */
    public static final int SHOWN = MessageText.SHOWN;

    /** Bytes that leave room for the advice which callers add behind the problems. */
    private static final int LONGEST = 2_600;

    private static final int LONGEST_WHERE = 400;

    private final List<String> found = new ArrayList<>();

    /** Creates an empty collection. */
    public Problems() {}

    /**
     * Adds a problem.
     *
     * @param problem what is wrong, with the found value and what was expected; no final full stop
     */
    public void add(String problem) {
        found.add(problem);
    }

    /**
     * Adds several problems.
     *
     * @param problems what is wrong, one entry each
     */
    public void addAll(Collection<String> problems) {
        found.addAll(problems);
    }

    /**
     * Adds a problem if a condition does not hold.
     *
     * @param holds the condition
     * @param problem what is wrong if it does not hold
     */
    public void check(boolean holds, String problem) {
        if (!holds) {
            add(problem);
        }
    }

    /**
     * Adds a problem if a count is too small.
     *
     * @param name what the value is called by the user
     * @param value the value found
     * @param least the smallest value allowed
     */
    public void atLeast(String name, long value, long least) {
        check(value >= least, name + " = " + value + ", expected " + least + " or more");
    }

    /**
     * Adds a problem if a value is not a finite number above 0.
     *
     * @param name what the value is called by the user
     * @param value the value found
     */
    public void finiteAboveZero(String name, double value) {
        check(Double.isFinite(value) && value > 0, name + " = " + value + ", expected a finite number above 0");
    }

    /**
     * Adds a problem if a value is not a finite number, 0 or above.
     *
     * @param name what the value is called by the user
     * @param value the value found
     */
    public void finiteFromZero(String name, double value) {
        check(Double.isFinite(value) && value >= 0, name + " = " + value + ", expected a finite number, 0 or above");
    }

    /**
     * Adds a problem if a value is below 0, 1 or more, or NaN.
     *
     * @param name what the value is called by the user
     * @param value the value found
     */
    public void fraction(String name, double value) {
        check(value >= 0 && value < 1, name + " = " + value + ", expected [0, 1)");
    }

    /**
     * Whether nothing is wrong.
     *
     * @return true if no problem was added
     */
    public boolean isEmpty() {
        return found.isEmpty();
    }

    /**
     * Whether the message shows no further problem, so that costly wording can be left out.
     *
     * @return true if {@value #SHOWN} problems or more were added
     */
    public boolean isFull() {
        return found.size() >= SHOWN;
    }

    /**
     * How many problems there are.
     *
     * @return the number
     */
    public int size() {
        return found.size();
    }

    /**
     * The problems so far.
     *
     * @return a copy, in the order in which they were added
     */
    public List<String> list() {
        return List.copyOf(found);
    }

    /** Forgets all problems. */
    public void clear() {
        found.clear();
    }

    /**
     * Words all problems as one message.
     *
     * @param where what was examined: a class, an argument, a file
     * @return {@code where: problem} for one, {@code where: 3 problems: a; b; c} for several, cut at {@value #SHOWN}; long
     *     ones are cut as by {@link MessageText}, so that the whole has at most about 3 kB
     */
    public String message(String where) {
        String count = found.size() == 1 ? "" : found.size() + " problems: ";
        return MessageText.cut(where, LONGEST_WHERE) + ": " + count + MessageText.findings(found, LONGEST);
    }

    /**
     * Ends the examination of an argument.
     *
     * @param where what was examined: a class, an argument
     * @throws IllegalArgumentException if any problem was added; its message is {@link #message}
     */
    public void throwIfAny(String where) {
        if (!isEmpty()) {
            throw new IllegalArgumentException(message(where));
        }
    }

    /**
     * Words a list of quoted names for a message.
     *
     * @param names names in the order to show
     * @return {@code "a", "b", "c"}, cut at {@value #SHOWN} with the number left out; long names are cut as by
     *     {@link MessageText}; {@code none} if empty
     */
    public static String quoted(Collection<?> names) {
        return MessageText.names(names);
    }

    /**
     * Words the reasons of many names, each reason once.
     *
     * @param reasons the reason by name, in the order to show
     * @return {@code a: reason}, or {@code a, b, c, and 7 more: reason}, one entry for each reason; long names are cut
     */
    public static List<String> byReason(Collection<Map.Entry<String, String>> reasons) {
        Map<String, List<String>> names = new LinkedHashMap<>();
        reasons.forEach(entry -> names.computeIfAbsent(entry.getValue(), reason -> new ArrayList<>())
                .add(entry.getKey()));
        return names.entrySet().stream()
                .map(entry -> MessageText.values(entry.getValue()) + ": " + entry.getKey())
                .toList();
    }
}
