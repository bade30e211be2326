/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.demonstration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.PolySchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class FallingRateTest {

    @Test
    void rate_fallsToATwentieth_inEqualStairs() {
        ISchedule schedule = FallingRate.over(40, 2);

        assertThat(schedule.valueAt(0, 0)).isEqualTo(2);
        assertThat(schedule.valueAt(1, 0)).isEqualTo(2);
        assertThat(schedule.valueAt(2, 0)).isCloseTo(1.9, within(1e-12));
        assertThat(schedule.valueAt(20, 0)).isCloseTo(1.0, within(1e-12));
        assertThat(schedule.valueAt(39, 0)).isCloseTo(0.1, within(1e-12));
        assertThat(schedule.valueAt(1000, 0)).isCloseTo(0.1, within(1e-12));
    }

    @Test
    void rate_ofFewUpdates_startsAtTheRateGiven() {
        assertThat(FallingRate.over(1, 2).valueAt(0, 0)).isEqualTo(2);
        assertThat(FallingRate.over(2, 2).valueAt(1, 0)).isCloseTo(1.0, within(1e-12));
    }

    /** Why there is a schedule of our own: the formula is rate (1 - 5/10). */
    @Test
    void polySchedule_ofNd4j_rises() {
        assertThat(new PolySchedule(ScheduleType.ITERATION, 2, 1, 10).valueAt(5, 0))
                .isEqualTo(3);
    }
}
