/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import org.lora4j.train.Progress;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;

/**
 * Says how far one of several short trainings is.
 *
 * @param progress of all of them
 * @param what this one is
 */
record TrialProgress(Progress progress, String what) implements RunListener {

    @Override
    public void onStep(StepReport report) {
        progress.tell(() -> what + ", step " + report.step()
                + (report.totalSteps().isPresent()
                        ? " of " + report.totalSteps().getAsLong()
                        : ""));
    }
}
