/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.lora4j.error.CapturedLog;

class ProgressTest {

    private final List<String> lines = new ArrayList<>();
    private final AtomicLong clock = new AtomicLong(77);
    private final Progress progress = Progress.of("Work", lines::add, clock::get);

    private void seconds(double count) {
        clock.addAndGet((long) (count * 1e9));
    }

    @Test
    void line_comesAfterTwoSeconds_thenAtMostEveryTen_withTheTimeLeft() {
        Progress.Stage stage = progress.stage("", "texts", 100);
        for (int i = 0; i < 50; i++) {
            seconds(0.5);
            stage.advance(1);
        }

        // Half a second for each text: 4 done after 2 s, so 96 are left.
        assertThat(lines)
                .containsExactly(
                        "Work: 4 of 100 texts, 48 s left",
                        "Work: 24 of 100 texts, 38 s left",
                        "Work: 44 of 100 texts, 28 s left");
    }

    @Test
    void shortWork_saysNothing() {
        Progress.Stage stage = progress.stage("", "texts", 3);
        seconds(1.9);
        stage.advance(2);
        seconds(10);
        stage.advance(1);

        assertThat(lines).as("the end is nothing to wait for").isEmpty();
    }

    @Test
    void stages_keepThePaceTogether() {
        progress.stage("tokens", "texts", 2).advance(1);
        seconds(3);
        Progress.Stage head = progress.stage("head", "iterations", 0);
        seconds(1);
        head.advance(7);
        Progress.Stage vectors = progress.stage("vectors", "texts", 50);
        seconds(9);
        vectors.advance(10);
        seconds(1);
        vectors.advance(10);

        assertThat(lines)
                .containsExactly("Work: head, 7 iterations, 1.0 s so far", "Work: vectors, 20 of 50 texts, 15 s left");
    }

    @Test
    void none_saysNothing() {
        String log = CapturedLog.ofInfo(Progress.class, () -> {
            Progress.Stage stage = Progress.none().stage("", "texts", 9);
            stage.advance(1);
            Progress.none().tell(() -> "never");
        });

        assertThat(log).isEmpty();
        assertThat(Progress.none().isNone()).isTrue();
        assertThat(progress.isNone()).isFalse();
    }
}
