/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.Serializable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.DoubleAccumulator;
import org.apache.spark.util.LongAccumulator;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;

/**
 * How far trainings are, as accumulators with names: Spark's page of a stage shows them while it runs, and its listeners get them. Sums over
 * all steps of all tasks, so that a mean is one divided by {@code lora4j steps}.
 *
 * @param steps number of steps
 * @param loss sum of their losses
 * @param seconds sum of what they took
 * @param exchange how much of it workers waited for each other and sent gradients
 */
record RunMetrics(LongAccumulator steps, DoubleAccumulator loss, DoubleAccumulator seconds, DoubleAccumulator exchange)
        implements Serializable {

    private static final long serialVersionUID = 1;

    /** Registers them for one fit. */
    static RunMetrics of(JavaSparkContext spark) {
        return new RunMetrics(
                spark.sc().longAccumulator("lora4j steps"),
                spark.sc().doubleAccumulator("lora4j loss, summed over steps"),
                spark.sc().doubleAccumulator("lora4j seconds of steps"),
                spark.sc().doubleAccumulator("lora4j seconds of exchange"));
    }

    /** What tells of the steps. */
    RunListener listener() {
        return new RunListener() {
            @Override
            public void onStep(StepReport report) {
                steps.add(1);
                loss.add(report.loss());
                seconds.add(report.seconds());
            }
        };
    }
}
