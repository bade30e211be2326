/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.spark;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.sql.SparkSession;
import scala.jdk.javaapi.CollectionConverters;

/** What Spark's listeners are told of the steps of a fit. */
final class SparkSteps extends SparkListener {

    private static final int MOST_WAITS = 200;
    private static final long WAIT_MILLIS = 50;

    private final Map<String, Number> told = new ConcurrentHashMap<>();

    /** Sums over all workers. */
    record Sums(long steps, double seconds, double exchange) {}

    static SparkSteps listen(SparkSession spark) {
        SparkSteps steps = new SparkSteps();
        spark.sparkContext().addSparkListener(steps);
        return steps;
    }

    @Override
    public void onStageCompleted(SparkListenerStageCompleted stage) {
        CollectionConverters.asJava(stage.stageInfo().accumulables()).values().forEach(value -> {
            if (value.name().isDefined()
                    && value.value().isDefined()
                    && value.value().get() instanceof Number number) {
                told.put(value.name().get(), number);
            }
        });
    }

    /** Those of the fit that is over; listeners hear of it a moment later. */
    Sums take() {
        for (int i = 0; i < MOST_WAITS && !told.containsKey("lora4j seconds of exchange"); i++) {
            try {
                Thread.sleep(WAIT_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
        Sums sums = new Sums(
                told.get("lora4j steps").longValue(),
                told.get("lora4j seconds of steps").doubleValue(),
                told.get("lora4j seconds of exchange").doubleValue());
        told.clear();
        return sums;
    }
}
