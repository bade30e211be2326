/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs the mean loss of every so many steps. */
final class StepLog implements RunListener {

    private static final Logger LOG = LoggerFactory.getLogger(LoraTrainer.class);

    private final int interval;
    private double sum;

    StepLog(int interval) {
        this.interval = interval;
    }

    @Override
    public void onStep(StepReport report) {
        sum += report.loss();
        if (report.step() % interval == 0) {
            LOG.info("step {}, mean loss {}", report.step(), sum / interval);
            sum = 0;
        }
    }
}
