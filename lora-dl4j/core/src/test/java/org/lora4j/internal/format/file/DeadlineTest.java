/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeadlineTest {

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, Long.MAX_VALUE / 1_000_000_000, Long.MAX_VALUE / 1_000_000_000 + 1})
    void durationsBeyondWhatTheClockCounts_haveNoEnd(long seconds) {
        Deadline deadline = Deadline.in(Duration.ofSeconds(seconds, 999_999_999), "wait: time");

        assertThat(deadline.isOver()).isFalse();
        assertThat(deadline.left()).isGreaterThan(Long.MAX_VALUE / 2);
        assertThat(deadline.leftMillis()).isBetween(Long.MAX_VALUE / 2_000_000, Long.MAX_VALUE / 1_000_000 + 1);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE})
    void negativeDurations_areOverAtOnce(long seconds) {
        Deadline deadline = Deadline.in(Duration.ofSeconds(seconds), "wait: time");

        assertThat(deadline.isOver()).isTrue();
        assertThat(deadline.left()).isZero();
        assertThat(deadline.leftMillis()).isZero();
    }

    @Test
    void anHour_isAnHour() {
        assertThat(Deadline.nanos(Duration.ofHours(1), "wait: time")).isEqualTo(3_600_000_000_000L);
        assertThat(Deadline.in(Duration.ofHours(1), "wait: time").leftMillis()).isBetween(3_500_000L, 3_600_000L);
    }

    @Test
    void null_isNamed() {
        assertThatNullPointerException()
                .isThrownBy(() -> Deadline.in(null, "drain: atMost"))
                .withMessage("drain: atMost is null; expected a Duration, such as Duration.ofSeconds(30)");
    }

    @Test
    void lock_takesAnyDuration(@TempDir Path folder) throws IOException {
        WriteLock.take(folder.resolve("lock"), Duration.ofSeconds(Long.MAX_VALUE))
                .close();

        assertThat(folder).isEmptyDirectory();
    }
}
