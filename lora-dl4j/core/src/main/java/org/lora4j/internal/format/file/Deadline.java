/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import java.time.Duration;

/**
 * How long to wait, from the moment when it is made. Durations of any length will do: those beyond 292 years, which the clock
 * cannot count, have no end, and negative ones are over at once.
 *
 * <p><b>State.</b> Immutable. <b>Threads.</b> Any.
 *
 * @apiNote Status: internal
 */
public final class Deadline {

    private static final long MILLISECOND = 1_000_000;

    private final long start = System.nanoTime();
    private final long nanos;

    private Deadline(long nanos) {
        this.nanos = nanos;
    }

    /**
     * Begins to wait.
     *
     * @param time how long
     * @param where the call and its argument, for the message: {@code drain: atMost}
     * @throws NullPointerException if the time is null; the message names the argument
     */
    public static Deadline in(Duration time, String where) {
        return new Deadline(nanos(time, where));
    }

    /**
     * A duration as the clock counts it.
     *
     * @param time how long
     * @param where as for {@link #in}
     * @return nanoseconds, from 0 to the largest number there is
     * @throws NullPointerException as {@link #in}
     */
    public static long nanos(Duration time, String where) {
        if (time == null) {
            throw new NullPointerException(where + " is null; expected a Duration, such as Duration.ofSeconds(30)");
        }
        if (time.isNegative()) {
            return 0;
        }
        try {
            return time.toNanos();
        } catch (ArithmeticException e) {
            return Long.MAX_VALUE;
        }
    }

    /**
     * What is left.
     *
     * @return nanoseconds; 0 if it is over
     */
    public long left() {
        // Both numbers of the clock may be of any sign; their difference is not.
        return Math.max(0, nanos - (System.nanoTime() - start));
    }

    /**
     * What is left, for waiting in milliseconds.
     *
     * @return 0 only if it is over
     */
    public long leftMillis() {
        long left = left();
        return left / MILLISECOND + (left % MILLISECOND == 0 ? 0 : 1);
    }

    /**
     * Whether the time is up.
     *
     * @return true from then on
     */
    public boolean isOver() {
        return left() == 0;
    }
}
