/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lora4j.train.FittingSign;
import org.lora4j.train.StopReason;

/** A task whose rate is far too high says so, in its report and in words. */
class DivergedTaskTest {

    /** Labels that no text tells, so that a head that is sure of itself is wrong as often as right. */
    private static List<LabeledText> unlearnable(int count, int seed) {
        List<LabeledText> reviews = TinyEncoder.reviews(count, seed);
        return IntStream.range(0, count)
                .mapToObj(i -> new LabeledText(
                        reviews.get(i).text(), List.of("a", "b", "b", "a", "a").get(i % 5)))
                .toList();
    }

    @Test
    void rateFarTooHigh_isDivergence() throws IOException {
        try (TextEncoder encoder = TinyEncoder.create();
                TextClassifier task = TextClassifier.builder(encoder)
                        .learningRate(1e-3)
                        .headLearningRate(5)
                        .epochs(4)
                        .build()) {
            TextFitReport report =
                    task.fit(unlearnable(40, 1), unlearnable(20, 2)).report();

            assertThat(report.stopReason()).contains(StopReason.DIVERGED);
            assertThat(report.signs()).extracting(FittingSign::kind).contains(FittingSign.Kind.DIVERGENCE);
            assertThat(report.toString()).contains("DIVERGED: The mean training loss of epoch");
        }
    }
}
