/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * How often something took how long, in the form of Prometheus' histograms. It is a value; of an interval, subtract.
 *
 * @param bounds upper bounds in seconds, ascending; what took exactly as long counts below it
 * @param counts how many durations are in each part: one for each bound, and one for what took longer than all
 * @param sum all durations together, in seconds
 * @apiNote Status: experimental
 */
public record DurationHistogram(List<Double> bounds, List<Long> counts, double sum) {

    /** From a millisecond to a minute, for answers of a server. */
    public static final List<Double> SECONDS =
            List.of(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0);

    /**
     * Checks that there is a count for each part.
     *
     * @param bounds as in the record
     * @param counts as in the record
     * @param sum as in the record
     * @throws IllegalArgumentException if there is not one count more than bounds
     */
    public DurationHistogram {
        bounds = List.copyOf(Arguments.allRequired(bounds, "DurationHistogram: bounds", "a bound in seconds"));
        counts = List.copyOf(Arguments.allRequired(counts, "DurationHistogram: counts", "a count"));
        Problems problems = new Problems();
        problems.check(
                counts.size() == bounds.size() + 1,
                counts.size() + " counts for " + bounds.size() + " bounds, expected one more than bounds");
        problems.throwIfAny("DurationHistogram");
    }

    /**
     * Nothing happened yet.
     *
     * @return the bounds of {@link #SECONDS} with counts of 0
     */
    public static DurationHistogram none() {
        return new DurationHistogram(
                SECONDS,
                IntStream.rangeClosed(0, SECONDS.size()).mapToObj(i -> 0L).toList(),
                0);
    }

    /**
     * How many durations there are.
     *
     * @return the sum of the counts
     */
    public long count() {
        return counts.stream().mapToLong(count -> count).sum();
    }

    /**
     * The mean.
     *
     * @return in seconds; NaN if there is nothing
     */
    public double mean() {
        return sum / count();
    }

    /**
     * Which duration so many do not exceed, as {@code histogram_quantile} of Prometheus estimates it: evenly spread within a part.
     *
     * @param share 0 to 1, such as 0.99
     * @return seconds, at most the highest bound; NaN if there is nothing
     * @throws IllegalArgumentException if the share is none
     */
    public double quantile(double share) {
        Problems problems = new Problems();
        problems.check(share >= 0 && share <= 1, "share = " + share + ", expected 0 to 1");
        problems.throwIfAny("DurationHistogram.quantile");
        long all = count();
        if (all == 0) {
            return Double.NaN;
        }
        double wanted = share * all;
        long below = 0;
        for (int i = 0; i < bounds.size(); i++) {
            long here = counts.get(i);
            if (below + here >= wanted && here > 0) {
                double from = i == 0 ? 0 : bounds.get(i - 1);
                return from + (bounds.get(i) - from) * (wanted - below) / here;
            }
            below += here;
        }
        return bounds.get(bounds.size() - 1);
    }

    /** How many, and how long: {@code 120, mean 0.012 s, 99 % within 0.045 s}. */
    @Override
    public String toString() {
        return count() == 0
                ? "none"
                : String.format(Locale.ROOT, "%d, mean %.4f s, 99 %% within %.4f s", count(), mean(), quantile(0.99));
    }

    /**
     * Durations as they come. <b>Threads.</b> Safe.
     *
     * @apiNote Status: experimental
     */
    public static final class Gathering {

        private static final double NANOS = 1e9;

        private final LongAdder[] counts = new LongAdder[SECONDS.size() + 1];
        private final LongAdder nanos = new LongAdder();

        /** Begins with nothing. */
        public Gathering() {
            for (int i = 0; i < counts.length; i++) {
                counts[i] = new LongAdder();
            }
        }

        /**
         * Adds one.
         *
         * @param took how long it took
         */
        public void add(Duration took) {
            Arguments.required(took, "DurationHistogram: took", "a duration");
            double seconds = took.toNanos() / NANOS;
            int part = 0;
            while (part < SECONDS.size() && seconds > SECONDS.get(part)) {
                part++;
            }
            counts[part].increment();
            nanos.add(took.toNanos());
        }

        /**
         * What there is now.
         *
         * @return a value
         */
        public DurationHistogram now() {
            return new DurationHistogram(
                    SECONDS, Arrays.stream(counts).map(LongAdder::sum).toList(), nanos.sum() / NANOS);
        }
    }
}
