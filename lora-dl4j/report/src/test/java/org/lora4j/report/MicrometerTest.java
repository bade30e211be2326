/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.lora4j.train.RunCounters;
import org.lora4j.train.TrainingResult;

/** Counters of runs in a registry of Micrometer, bound as their javadoc says. */
class MicrometerTest {

    @Test
    void countersOfARun_standInARegistry() {
        RunCounters counters = new RunCounters();
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        FunctionCounter.builder("lora4j.steps", counters, RunCounters::steps).register(registry);
        FunctionCounter.builder("lora4j.epochs", counters, RunCounters::epochs).register(registry);
        Gauge.builder("lora4j.loss", counters, RunCounters::lastLoss).register(registry);

        TrainingResult result;
        try (TextEncoder encoder = TinyEncoder.create();
                TextClassifier classifier = TextClassifier.builder(encoder)
                        .epochs(2)
                        .quiet()
                        .listener(counters)
                        .build()
                        .fit(TinyEncoder.reviews(24, 1), TinyEncoder.reviews(12, 2))) {
            result = classifier.report().training().orElseThrow();
        }

        List<Double> losses = result.losses();
        assertThat(Map.of(
                        "steps", registry.get("lora4j.steps").functionCounter().count(),
                        "epochs",
                                registry.get("lora4j.epochs").functionCounter().count(),
                        "loss", registry.get("lora4j.loss").gauge().value()))
                .isEqualTo(Map.of(
                        "steps", (double) result.steps(),
                        "epochs", (double) result.epochs().size(),
                        "loss", losses.get(losses.size() - 1)));
    }
}
