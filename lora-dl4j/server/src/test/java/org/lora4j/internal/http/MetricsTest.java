/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MetricsTest {

    private final Metrics metrics = new Metrics("x_");

    @Test
    void counter_withLabels_isWrittenInOrder_andEscaped() {
        Metrics.Count count = metrics.counter("things_total", "How many\nthings.", "of");
        count.add(1, "b");
        count.add(2, "a\"\\\n");
        count.add(0.5, "b");
        assertThat(metrics.text()).isEqualTo("""
                # HELP x_things_total How many\\nthings.
                # TYPE x_things_total counter
                x_things_total{of="a\\"\\\\\\n"} 2
                x_things_total{of="b"} 1.5
                """);
    }

    @Test
    void histogram_countsUpToEachBound() {
        Metrics.Observations seconds = metrics.histogram("took_seconds", "Time.", List.of(0.1, 1.0), "route");
        seconds.observe(0.1, "/a");
        seconds.observe(0.5, "/a");
        seconds.observe(7, "/a");
        assertThat(metrics.text()).isEqualTo("""
                # HELP x_took_seconds Time.
                # TYPE x_took_seconds histogram
                x_took_seconds_bucket{route="/a",le="0.1"} 1
                x_took_seconds_bucket{route="/a",le="1"} 2
                x_took_seconds_bucket{route="/a",le="+Inf"} 3
                x_took_seconds_sum{route="/a"} 7.6
                x_took_seconds_count{route="/a"} 3
                """);
    }

    @Test
    void gauges_areAskedWhenSomebodyLooks_alsoUnderAnotherPrefix() {
        double[] value = {1};
        metrics.gauge("one", "A number.", () -> value[0]);
        metrics.withPrefix("y:").gauge("two", "Others.", List.of("name"), () -> Map.of(List.of("n"), value[0]));
        value[0] = Double.POSITIVE_INFINITY;
        assertThat(metrics.text()).contains("x_one +Inf\n", "y:two{name=\"n\"} +Inf\n");
        assertThatThrownBy(() -> metrics.gauge("one", "Again.", () -> 0)).hasMessageContaining("x_one");
    }
}
