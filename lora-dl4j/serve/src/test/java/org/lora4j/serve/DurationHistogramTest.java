/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class DurationHistogramTest {

    @Test
    void durations_countBelowTheFirstBoundThatTheyDoNotExceed() {
        DurationHistogram.Gathering gathering = new DurationHistogram.Gathering();
        gathering.add(Duration.ofMillis(1));
        gathering.add(Duration.ofNanos(1_000_001));
        gathering.add(Duration.ofSeconds(90));

        DurationHistogram now = gathering.now();

        assertThat(now.counts().get(0)).isEqualTo(1);
        assertThat(now.counts().get(1)).isEqualTo(1);
        assertThat(now.counts().get(now.bounds().size())).isEqualTo(1);
        assertThat(now.count()).isEqualTo(3);
        assertThat(now.sum()).isCloseTo(90.002000001, within(1e-9));
    }

    @Test
    void quantile_isThatOfPrometheus() {
        // 10 up to 1 s, 30 from there to 2 s: the median, 20 of 40, is a third of the way into the second part.
        DurationHistogram histogram = new DurationHistogram(List.of(1.0, 2.0), List.of(10L, 30L, 0L), 60);

        assertThat(histogram.quantile(0.5)).isCloseTo(1 + 1 / 3.0, within(1e-12));
        assertThat(histogram.quantile(0.125)).isCloseTo(0.5, within(1e-12));
        assertThat(histogram.quantile(1)).isEqualTo(2);
        assertThat(histogram.mean()).isEqualTo(1.5);
    }

    @Test
    void quantile_beyondAllBounds_isTheHighest_andOfNothingIsNaN() {
        assertThat(new DurationHistogram(List.of(1.0), List.of(1L, 9L), 90).quantile(0.9))
                .isEqualTo(1);
        assertThat(DurationHistogram.none().quantile(0.9)).isNaN();
        assertThat(DurationHistogram.none()).hasToString("none");
    }

    @Test
    void wrongNumbers_areRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DurationHistogram(List.of(1.0), List.of(1L), 1))
                .withMessageContaining("1 counts for 1 bounds");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DurationHistogram.none().quantile(2))
                .withMessageContaining("expected 0 to 1");
    }
}
