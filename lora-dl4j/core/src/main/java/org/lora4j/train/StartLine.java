/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Optional;

/**
 * The line that says how a run is computed and how long it will take, held back until the time is known, but not for long: the
 * first steps plan, load and compile, and would promise hours.
 */
final class StartLine {

    private static final double PATIENCE_SECONDS = 2;

    private Computation waiting;

    void first(Computation computation) {
        waiting = computation;
    }

    boolean isWaiting() {
        return waiting != null;
    }

    /** The line, if it is due after this step. */
    Optional<String> after(StepReport step) {
        if (waiting == null) {
            return Optional.empty();
        }
        if (step.secondsLeft().isPresent()) {
            double all = step.elapsedSeconds() + step.secondsLeft().getAsDouble();
            return take("; about " + ProgressListener.duration(all) + " in all");
        }
        return step.totalSteps().isEmpty() || step.elapsedSeconds() >= PATIENCE_SECONDS ? take("") : Optional.empty();
    }

    /** The line, if it has not been said yet. */
    Optional<String> last() {
        return waiting == null ? Optional.empty() : take("");
    }

    private Optional<String> take(String time) {
        String line = waiting + time;
        waiting = null;
        return Optional.of(line);
    }
}
