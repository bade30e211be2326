/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SummaryTest {

    private final Measurements measured = new Measurements();

    /** Turns of the wall clock, of which each computed half the time. */
    private static List<Turn> turns(double... seconds) {
        return Arrays.stream(seconds).mapToObj(s -> new Turn(s, s / 2)).toList();
    }

    // Three rounds in which the machine was in another mood each time: the ratio in a round is 3, 2 and 2.
    private void rounds() {
        measured.add("us.step", "our step", turns(3, 3));
        measured.add("us.boundA", "bound A", turns(1));
        measured.add("us.boundB", "bound B", turns(9));
        measured.add("us.step", "our step", turns(20));
        measured.add("us.boundA", "bound A", turns(10));
        measured.add("us.boundB", "bound B", turns(11));
        measured.add("us.step", "our step", turns(4));
        measured.add("us.boundA", "bound A", turns(2));
        measured.add("us.boundB", "bound B", turns(11));
        measured.miss("peer", "the peer did not start");
    }

    private Promise judged(String over, List<String> under, double target) {
        return new Claim("ratio", over, under, target).judge(measured, TimedBy.WALL, ", 1 thread");
    }

    @Test
    void claim_isTheMedianOfTheRatiosOfRounds_overTheFastestDenominator() {
        rounds();

        Promise promise = judged("us.step", List.of("us.boundB", "us.boundA"), 1.5);

        assertThat(promise.value().orElseThrow()).isEqualTo(2);
        assertThat(promise.verdict()).isEqualTo("not reached");
        assertThat(promise.note()).isEqualTo("fastest: bound A");
    }

    @Test
    void claim_atItsTarget_isReached() {
        rounds();

        assertThat(judged("us.step", List.of("us.boundA"), 2).verdict()).isEqualTo("reached");
    }

    @Test
    void claim_forANumberOfThreads_isMadeForNoOther() {
        Claim ofTwo = new Claim("ratio", "us.step", List.of("us.boundA"), 1, 2);

        assertThat(ofTwo.isMadeFor(2)).isTrue();
        assertThat(ofTwo.isMadeFor(1)).isFalse();
        assertThat(new Claim("ratio", "us.step", List.of("us.boundA"), 1).isMadeFor(1))
                .isTrue();
    }

    @Test
    void grid_isATableInMarkdownAndRowsInJson() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("steps", "products");
        row.put("ms", 386.4);
        row.put("share", 0.125);

        Summary summary = new Summary("t", Map.of()).grid("one thread", List.of(row));

        assertThat(summary.markdown().lines())
                .containsSubsequence(
                        "| one thread | ms | share |", "| --- | ---: | ---: |", "| products | 386 | 0.13 |");
        assertThat(summary.json()).containsEntry("one thread", List.of(row));
    }

    @Test
    void claim_onAPeerThatDidNotStart_isNotMeasuredAndSaysWhy() {
        rounds();

        Promise promise = judged("us.step", List.of("peer.step"), 0.8);

        assertThat(promise.verdict()).isEqualTo("not measured");
        assertThat(promise.note()).isEqualTo("the peer did not start");
    }

    @Test
    void promise_atLeast_isReachedFromItsTargetOn() {
        assertThat(Promise.atLeast("times faster", 3, 3).verdict()).isEqualTo("reached");
        assertThat(Promise.atLeast("times faster", 2.99, 3).verdict()).isEqualTo("not reached");
    }

    @Test
    void promise_onNaN_isNotMeasured() {
        assertThat(Promise.atMost("ratio", Double.NaN, 3).verdict()).isEqualTo("not measured");
    }

    @Test
    void medians_areTakenOfAllTurns_andProcessorTimeStandsBeside() {
        rounds();

        // 3 3 4 20
        assertThat(measured.median("us.step", TimedBy.WALL)).isEqualTo(3.5, within(1e-12));
        assertThat(measured.median("us.step", TimedBy.PROCESSOR)).isEqualTo(1.75, within(1e-12));
        assertThat(measured.best("us.step", TimedBy.WALL)).isEqualTo(3);
    }

    @Test
    void publish_writesMachineTimesAndVerdicts_asJsonAndAsMarkdown(@TempDir Path folder) throws IOException {
        rounds();
        Summary summary = new Summary("a title", Map.of("processor", "a processor"))
                .table("1 thread", measured)
                .promise(Promise.atMost("step / bound", 2, 1.5))
                .promise(new Promise(
                        "step / peer's", OptionalDouble.empty(), Promise.Side.AT_MOST, 0.8, "the peer did not start"));

        summary.publish(folder, "some");

        JsonNode json = new ObjectMapper()
                .readTree(folder.resolve("some-benchmark.json").toFile());
        assertThat(json.at("/machine/processor").asText()).isEqualTo("a processor");
        assertThat(json.at("/times/1 thread/us.step/wall/best").asDouble()).isEqualTo(3);
        assertThat(json.at("/promises/0/verdict").asText()).isEqualTo("not reached");
        assertThat(json.at("/promises/1/value").isNull()).isTrue();
        assertThat(Files.readString(folder.resolve("some-benchmark.md")).lines())
                .contains(
                        "| our step | 3000 | 3500 | 1750 | 4 |",
                        "| step / bound | 2.00 | at most 1.5 | not reached |  |",
                        "| step / peer's | - | at most 0.8 | not measured | the peer did not start |");
    }

    @Test
    void publish_whereAFigureIsMissed_failsOnlyIfAsked(@TempDir Path folder) throws IOException {
        Summary summary = new Summary("t", Map.of())
                .promise(Promise.atMost("too slow", 2, 1))
                .promise(Promise.atMost("fast", 1, 1));

        summary.publish(folder, "a");
        System.setProperty(Strict.PROPERTY, "true");
        try {
            assertThatThrownBy(() -> summary.publish(folder, "b"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("1 figures not reached: too slow");
        } finally {
            System.clearProperty(Strict.PROPERTY);
        }
        assertThat(folder.resolve("b-benchmark.md")).exists();
    }
}
