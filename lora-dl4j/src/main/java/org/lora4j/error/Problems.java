/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Gathers everything that is wrong with one input, so that the user hears of it all at once.
 *
 * <p><b>Threads.</b> For one thread.
 *
 * @apiNote Status: experimental
 */
public final class Problems {

    /** How many entries of a list a message shows. */
    public static final int SHOWN = 10;

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
     * Whether nothing is wrong.
     *
     * @return true if no problem was added
     */
    public boolean isEmpty() {
        return found.isEmpty();
    }

    /**
     * The problems so far.
     *
     * @return a copy, in the order in which they were added
     */
    public List<String> list() {
        return List.copyOf(found);
    }

    /**
     * Words all problems as one message.
     *
     * @param where what was examined: a class, an argument, a file
     * @return {@code where: problem} for one, {@code where: 3 problems: a; b; c} for several, cut at {@value #SHOWN}
     */
    public String message(String where) {
        if (found.size() == 1) {
            return where + ": " + found.get(0);
        }
        return where + ": " + found.size() + " problems: " + shorten(found, "; ");
    }

    /**
     * Words a list of quoted names for a message.
     *
     * @param names names in the order to show
     * @return {@code "a", "b", "c"}, cut at {@value #SHOWN} with the number left out; {@code none} if empty
     */
    public static String quoted(Collection<?> names) {
        return names.isEmpty()
                ? "none"
                : shorten(names.stream().map(n -> "\"" + n + "\"").toList(), ", ");
    }

    private static String shorten(List<String> all, String separator) {
        String shown = all.stream().limit(SHOWN).collect(Collectors.joining(separator));
        int left = all.size() - SHOWN;
        return left > 0 ? shown + separator + "and " + left + " more" : shown;
    }
}
