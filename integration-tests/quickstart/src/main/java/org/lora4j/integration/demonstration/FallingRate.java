/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.demonstration;

import java.util.TreeMap;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** A learning rate that falls. ND4J's own PolySchedule rises: it has 1 + i/n where the formula has 1 - i/n (1.0.0-M2.1). */
public final class FallingRate {

    private static final int STAIRS = 20;

    private FallingRate() {}

    /**
     * A rate that falls to a twentieth of it in equal stairs.
     *
     * @param rate the rate of the first updates
     * @param updates how many there will be, 1 or more
     * @return a schedule of stock ND4J, so that saved networks can be read without this class
     */
    public static ISchedule over(int updates, double rate) {
        TreeMap<Integer, Double> rates = new TreeMap<>();
        for (int stair = 0; stair < STAIRS; stair++) {
            rates.putIfAbsent((int) ((long) updates * stair / STAIRS), rate * (STAIRS - stair) / STAIRS);
        }
        return new MapSchedule(ScheduleType.ITERATION, rates);
    }
}
