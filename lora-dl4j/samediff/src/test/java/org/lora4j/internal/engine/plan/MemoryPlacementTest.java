/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;

class MemoryPlacementTest {

    private static PlannedValue value(long length, int first, int last) {
        PlannedValue value = PlannedValue.computed("v", false, DataType.FLOAT, new long[] {length});
        value.computedAt(first);
        value.neededAt(last);
        return value;
    }

    @RepeatedTest(20)
    void place_ofValuesNeededAtTheSameTime_neverOverlaps(RepetitionInfo repetition) {
        SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
        List<PlannedValue> values = new ArrayList<>();
        for (int i = 0; i < 120; i++) {
            int first = random.nextInt(60);
            values.add(value(1 + random.nextInt(500), first, first + random.nextInt(12)));
        }

        long bytes = MemoryPlacement.place(values);

        for (PlannedValue a : values) {
            assertThat(a.offset() % Arena.ALIGNMENT).isZero();
            assertThat(a.offset() + a.bytes()).isLessThanOrEqualTo(bytes);
            for (PlannedValue b : values) {
                boolean apart = a.offset() + a.bytes() <= b.offset() || b.offset() + b.bytes() <= a.offset();
                assertThat(a == b || apart || !a.overlapsInTime(b)).isTrue();
            }
        }
    }

    @Test
    void place_ofAChain_needsTwoPlaces() {
        List<PlannedValue> chain = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            chain.add(value(1000, i, i + 1));
        }

        assertThat(MemoryPlacement.place(chain)).isEqualTo(2 * chain.get(0).bytes());
    }

    @Test
    void place_ofAViewedValue_keepsItUntilTheViewIsRead() {
        PlannedValue value = value(1000, 0, 1);
        PlannedValue view = value.viewAs("view", new long[] {10, 100});
        view.neededAt(5);
        PlannedValue later = value(1000, 4, 6);

        assertThat(MemoryPlacement.place(List.of(value, later))).isEqualTo(2 * value.bytes());
        assertThat(view.offset()).isEqualTo(value.offset());
    }
}
