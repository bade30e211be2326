/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProgressListenerTest {

    private final Locale locale = Locale.getDefault();
    private final List<String> lines = new ArrayList<>();

    @AfterEach
    void restoreLocale() {
        Locale.setDefault(locale);
    }

    private static TrainingStart start(TrainingPlan.Builder plan, String metric) {
        return new TrainingStart(plan.build(), OptionalLong.empty(), 1, 1, Optional.ofNullable(metric));
    }

    private static StepReport step(long step, double elapsed, long total, double left) {
        return new StepReport(
                step,
                1,
                1.23456,
                0.0018,
                2,
                32,
                312.44,
                0.1,
                elapsed,
                total == 0 ? OptionalLong.empty() : OptionalLong.of(total),
                total == 0 ? OptionalDouble.empty() : OptionalDouble.of(left));
    }

    @Test
    void onStep_writesLossRateSpeedAndTimeLeft() {
        ProgressListener listener = ProgressListener.to(lines::add).every(0);
        Locale.setDefault(Locale.GERMANY);

        listener.onTrainingStart(start(TrainingPlan.builder().epochs(3), null));
        listener.onStep(step(120, 38, 234, 80));
        listener.onStep(step(121, 39, 234, 5.04));
        listener.onStep(step(122, 40, 234, 3 * 3600 + 125));

        assertThat(lines)
                .containsExactly(
                        "epoch 1/3  step 120/234  loss 1.2346  rate 1.80e-03  312.4 examples/s  1 min 20 s left",
                        "epoch 1/3  step 121/234  loss 1.2346  rate 1.80e-03  312.4 examples/s  5.0 s left",
                        "epoch 1/3  step 122/234  loss 1.2346  rate 1.80e-03  312.4 examples/s  3 h 2 min left");
    }

    @Test
    void onStep_whenTheEndIsUnknown_leavesItOut() {
        ProgressListener listener = ProgressListener.to(lines::add);

        listener.onTrainingStart(start(TrainingPlan.builder().steps(9), null));
        listener.onStep(step(1, 1, 0, 0));

        assertThat(lines).containsExactly("epoch 1  step 1  loss 1.2346  rate 1.80e-03  312.4 examples/s");
    }

    @Test
    void onStep_writesALineEverySoManySeconds() {
        ProgressListener listener = ProgressListener.to(lines::add).every(2);

        listener.onTrainingStart(start(TrainingPlan.builder().steps(9), null));
        for (int i = 1; i <= 6; i++) {
            listener.onStep(step(i, i, 0, 0));
        }

        assertThat(lines).hasSize(3);
        assertThat(lines.get(1)).contains("step 3 ");
        assertThat(lines.get(2)).contains("step 5 ");
    }

    @Test
    void onStepWithoutEffect_writesWhereToLook() {
        ProgressListener listener = ProgressListener.to(lines::add);

        listener.onTrainingStart(start(TrainingPlan.builder().epochs(3), null));
        listener.onStepWithoutEffect(step(7, 1, 0, 0));

        assertThat(lines)
                .containsExactly(
                        "epoch 1/3  step 7 taught nothing: every gradient is 0; look at the labels and masks of its"
                                + " batch");
    }

    @Test
    void onEpochEnd_writesLossMetricAndTime() {
        StringBuilder text = new StringBuilder();
        ProgressListener listener = ProgressListener.appendingTo(text);

        listener.onTrainingStart(start(TrainingPlan.builder().epochs(3), "accuracy"));
        listener.onEpochEnd(new EpochReport(1, 78, 1.43012, 2500, 25.3, OptionalDouble.of(0.75124), 1, true));
        listener.onEpochEnd(new EpochReport(2, 78, 1.2, 2500, 59.7, OptionalDouble.of(0.7), 1, false));
        listener.onEpochEnd(new EpochReport(3, 78, 1.1, 2500, 61.2, OptionalDouble.empty(), 0, false));

        assertThat(text)
                .hasToString("epoch 1/3 done  loss 1.4301  accuracy 0.7512 (best so far)  25 s\n"
                        + "epoch 2/3 done  loss 1.2000  accuracy 0.7000  1 min 0 s\n"
                        + "epoch 3/3 done  loss 1.1000  1 min 1 s\n");
    }

    @Test
    void appendingTo_whenWritingFails_keepsTheCause() {
        Writer full = new Writer() {
            @Override
            public void write(char[] text, int from, int length) throws IOException {
                throw new IOException("No space left on device");
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };

        assertThatThrownBy(() -> ProgressListener.appendingTo(full).onStep(step(1, 9, 0, 0)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("ProgressListener: cannot write a line: No space left on device");
    }

    @Test
    void every_withANegativeDistance_isRefused() {
        assertThatThrownBy(() -> ProgressListener.to(lines::add).every(-1))
                .hasMessage("ProgressListener: seconds = -1.0, expected a finite number, 0 or above");
    }
}
