/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.spark;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;

/** What the steps of a run took. */
final class StepClock implements RunListener {

    private final List<Double> steps = new ArrayList<>();

    @Override
    public void onStep(StepReport report) {
        steps.add(report.seconds());
    }

    double seconds() {
        return steps.stream().mapToDouble(Double::doubleValue).sum();
    }

    /** What a share of the steps stayed below. */
    double quantile(double share) {
        List<Double> sorted = steps.stream().sorted().toList();
        return sorted.get((int) Math.min(sorted.size() - 1L, Math.round(share * sorted.size())));
    }
}
