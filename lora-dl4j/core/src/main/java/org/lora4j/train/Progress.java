/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Locale;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says how far long work is: nothing for what takes less than two seconds, then a line at most every ten seconds, with the time left
 * where it is known, such as
 *
 * <pre>
 * TextClassifier.predict: 12000 of 69200 texts, 34 s left
 * </pre>
 *
 * <p>Work of several stages has one of these, so that its stages together keep that pace. By default lines go to the logger of this class
 * through SLF4J, at level info.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class Progress {

    private static final Logger LOG = LoggerFactory.getLogger(Progress.class);
    private static final double NANOS = 1e9;
    private static final double FIRST_SECONDS = 2;
    private static final double EVERY_SECONDS = 10;

    private static final Progress NONE = new Progress("", line -> {}, () -> 0);

    private final String where;
    private final Consumer<String> lines;
    private final LongSupplier nanoTime;
    private final long start;
    private double next = FIRST_SECONDS;

    private Progress(String where, Consumer<String> lines, LongSupplier nanoTime) {
        this.where = where;
        this.lines = lines;
        this.nanoTime = nanoTime;
        this.start = nanoTime.getAsLong();
    }

    /**
     * Begins now, with lines to the log.
     *
     * @param where what works, such as {@code TextClassifier.predict}
     * @return the progress
     */
    public static Progress of(String where) {
        return of(where, LOG::info);
    }

    /**
     * Begins now.
     *
     * @param where what works, such as {@code TextClassifier.predict}
     * @param lines takes each line, without its end
     * @return the progress
     */
    public static Progress of(String where, Consumer<String> lines) {
        return of(where, lines, System::nanoTime);
    }

    /**
     * Begins now, by another clock.
     *
     * @param where what works
     * @param lines takes each line, without its end
     * @param nanoTime as {@link System#nanoTime}
     * @return the progress
     */
    public static Progress of(String where, Consumer<String> lines, LongSupplier nanoTime) {
        Objects.requireNonNull(where, "Progress: where is null; expected a name of what works");
        Objects.requireNonNull(lines, "Progress: lines is null; expected a function that takes lines");
        Objects.requireNonNull(nanoTime, "Progress: nanoTime is null; expected a clock such as System::nanoTime");
        return new Progress(where, lines, nanoTime);
    }

    /**
     * One that never says anything.
     *
     * @return the progress
     */
    public static Progress none() {
        return NONE;
    }

    /**
     * Whether this one never says anything.
     *
     * @return true for {@link #none}
     */
    public boolean isNone() {
        return this == NONE;
    }

    /**
     * Says something if a line is due.
     *
     * @param line what to say; not asked for unless it is due
     */
    public synchronized void tell(Supplier<String> line) {
        Objects.requireNonNull(line, "Progress.tell: line is null; expected a function that gives a line");
        if (isNone()) {
            return;
        }
        double elapsed = (nanoTime.getAsLong() - start) / NANOS;
        if (elapsed >= next) {
            // Counted from this line, not from when it was due: one that waited for a slow step is not followed at
            // once.
            next = elapsed + EVERY_SECONDS;
            lines.accept(where + ": " + line.get());
        }
    }

    /**
     * Begins a stage now.
     *
     * @param what the stage, such as {@code vectors}; empty if the work has only one
     * @param unit what is counted, such as {@code texts}
     * @param total how many there are; 0 if that is not known
     * @return the stage
     */
    public Stage stage(String what, String unit, long total) {
        Objects.requireNonNull(what, "Progress.stage: what is null; expected a name, empty for none");
        Objects.requireNonNull(unit, "Progress.stage: unit is null; expected what is counted");
        return new Stage(this, what, unit, total);
    }

    /**
     * A part of the work in which one thing is counted. <b>Threads.</b> Safe.
     *
     * @apiNote Status: stable
     */
    public static final class Stage {

        private final Progress progress;
        private final String what;
        private final String unit;
        private final long total;
        private final long start;
        private long done;

        private Stage(Progress progress, String what, String unit, long total) {
            this.progress = progress;
            this.what = what;
            this.unit = unit;
            this.total = total;
            this.start = progress.nanoTime.getAsLong();
        }

        /**
         * Counts what was done, and says so if a line is due.
         *
         * @param count how many more
         */
        public synchronized void advance(long count) {
            done += count;
            // At the end there is nothing to wait for.
            if (total <= 0 || done < total) {
                progress.tell(this::line);
            }
        }

        private String line() {
            double elapsed = (progress.nanoTime.getAsLong() - start) / NANOS;
            String line = (what.isEmpty() ? "" : what + ", ") + done;
            if (total <= 0) {
                return line + " " + unit + ", " + ProgressListener.duration(elapsed) + " so far";
            }
            line += " of " + total + " " + unit;
            return done == 0
                    ? line
                    : line + ", " + ProgressListener.duration(elapsed / done * (total - done)) + " left";
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "Progress.Stage[%s, %d of %d %s]", what, done, total, unit);
        }
    }

    @Override
    public String toString() {
        return isNone() ? "Progress[none]" : "Progress[" + where + "]";
    }
}
