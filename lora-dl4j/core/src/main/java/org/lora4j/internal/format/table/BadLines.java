/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.table;

import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Lines of a file that are left out: the first ones with the reason in words, the others counted. Words cost more than all else that
 * is done with a line, and nobody reads a million of them.
 *
 * <p><b>Threads.</b> For one thread.
 *
 * @apiNote Status: internal
 */
public final class BadLines {

    private final int explained;
    private final Consumer<String> reasons;
    private long count;

    /**
     * None yet.
     *
     * @param explained how many get their reason in words
     */
    public BadLines(int explained, Consumer<String> reasons) {
        this.explained = explained;
        this.reasons = reasons;
    }

    /**
     * Adds a line.
     *
     * @param line its number in the file, from 1
     * @param reason what is wrong, in words that follow {@code line 3}; asked for only if somebody hears of it
     */
    public void add(int line, Supplier<String> reason) {
        if (count++ < explained) {
            reasons.accept("line " + line + reason.get());
        }
    }

    /**
     * Whether the next one would only be counted.
     *
     * @return true once as many are explained as should be
     */
    public boolean isFull() {
        return count >= explained;
    }

    /**
     * How many are without words.
     *
     * @return 0 or more
     */
    public long unexplained() {
        return Math.max(0, count - explained);
    }
}
