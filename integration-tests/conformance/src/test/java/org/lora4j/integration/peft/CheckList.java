/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.integration.peft.cases.Tolerance;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Collects the checks of one case. */
final class CheckList {

    /** A part of a check; whatever it throws is a problem of the case and not of the harness. */
    @FunctionalInterface
    interface Action {
        void run() throws Exception;
    }

    private static final int LONGEST = 600;

    private final Tolerance tolerance;
    private final Map<String, Check> checks = new LinkedHashMap<>();
    private final List<String> unsupported = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    CheckList(Tolerance tolerance) {
        this.tolerance = tolerance;
    }

    void close(String check, String item, INDArray found, INDArray expected) {
        close(check, item, found, expected, tolerance);
    }

    void close(String check, String item, INDArray found, INDArray expected, Tolerance allowed) {
        if (expected == null) {
            that(check, false, item + ": the case does not say what is expected");
            return;
        }
        Tolerance.Difference difference = allowed.compare(found, expected);
        add(check, difference.largest(), difference.problem() == null ? null : item + ": " + difference.problem());
    }

    void that(String check, boolean holds, String problem) {
        add(check, null, holds ? null : problem);
    }

    private void add(String check, Double error, String problem) {
        checks.merge(
                check,
                new Check(check, 1, error, problem),
                (before, now) -> before.with(now.maxError(), now.problem()));
    }

    /**
     * Runs a part of a check.
     *
     * @return whether it came to its end; a refusal by name makes the case unsupported, anything else is a failed check
     */
    boolean attempt(String check, Action action) {
        try {
            action.run();
            return true;
        } catch (UnsupportedAdapterVersionException e) {
            unsupported(oneLine(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in check \"" + check + "\"", e);
        } catch (Exception e) {
            that(check, false, describe(e));
        }
        return false;
    }

    static String describe(Throwable e) {
        String where = Arrays.stream(e.getStackTrace())
                .findFirst()
                .map(frame -> " at " + frame)
                .orElse("");
        boolean worded = e instanceof java.io.IOException
                || e instanceof IllegalArgumentException
                || e instanceof IllegalStateException;
        return e.getClass().getSimpleName() + ": " + oneLine(e.getMessage()) + (worded ? "" : where);
    }

    static String oneLine(String message) {
        String line = String.valueOf(message).replaceAll("\\s+", " ");
        return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
    }

    void unsupported(String reason) {
        unsupported.add(reason);
    }

    void note(String note) {
        notes.add(note);
    }

    List<Check> checks() {
        return List.copyOf(checks.values());
    }

    List<String> unsupported() {
        return List.copyOf(unsupported);
    }

    List<String> notes() {
        return List.copyOf(notes);
    }
}
