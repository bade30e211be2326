/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.lora4j.integration.benchmark.StepTimes.Spent;
import org.lora4j.internal.engine.plan.PlanStep;
import org.lora4j.internal.engine.plan.PlanStep.Operand;
import org.nd4j.linalg.api.buffer.DataType;

/** Steps by kind, and what is added up of them. */
class StepTimesTest {

    private static final Operand TOKENS = array(2048, 384);
    private static final Operand SCORES = array(32, 12, 64, 64);

    private static Operand array(long... shape) {
        return new Operand("a", DataType.FLOAT, Arrays.stream(shape).boxed().toList(), false);
    }

    private static Operand weight(long... shape) {
        return new Operand("w", DataType.FLOAT, Arrays.stream(shape).boxed().toList(), true);
    }

    private static PlanStep step(String work, long multiplications, Operand output, Operand... inputs) {
        return new PlanStep(work, List.of(inputs), List.of(output), multiplications);
    }

    private static PlanStep layer() {
        long multiplications = 2048L * 384 * (384 + 8);
        return step(
                "lora4j_product_sum",
                multiplications,
                TOKENS,
                TOKENS,
                weight(384, 384),
                array(2048, 8),
                weight(8, 384),
                weight(384));
    }

    private static PlanStep thin() {
        return step("matmul", 2048L * 384 * 8, array(2048, 8), TOKENS, weight(384, 8));
    }

    @Test
    void kinds_ofProducts_areToldByTheirShapes() {
        PlanStep gradientOfFactor = step("matmul", 2048L * 384 * 8, array(384, 8), TOKENS, array(2048, 8));
        PlanStep gradientOfWeight = step("matmul", 2048L * 384 * 384, array(384, 384), TOKENS, TOKENS);
        PlanStep attention = step("lora4j_view_product", 32L * 12 * 64 * 64 * 32, SCORES, TOKENS, TOKENS);

        assertThat(Stream.of(layer(), thin(), gradientOfFactor, gradientOfWeight, attention)
                        .map(StepKind::of))
                .containsExactly(
                        StepKind.LAYERS, StepKind.THIN, StepKind.THIN, StepKind.WEIGHT_GRADIENTS, StepKind.ATTENTION);
    }

    @Test
    void kinds_ofOtherSteps_areToldByName_andUnknownOnesAreShownAsSuch() {
        assertThat(StepKind.of(step("gelu_bp", 0, TOKENS, TOKENS))).isEqualTo(StepKind.ACTIVATIONS);
        assertThat(StepKind.of(step("never_heard_of", 0, TOKENS, TOKENS))).isEqualTo(StepKind.OTHER);
    }

    @Test
    void bytes_ofALookup_areThoseOfTheRowsTaken() {
        assertThat(StepKind.bytes(step("gather", 0, TOKENS, weight(30522, 384), array(2048))))
                .isEqualTo(2 * TOKENS.bytes());
        assertThat(StepKind.bytes(step("add", 0, TOKENS, TOKENS, weight(384))))
                .isEqualTo(2 * TOKENS.bytes() + 384 * Float.BYTES);
    }

    @Test
    void times_ofSeveralThreads_areAddedByGroup() throws InterruptedException {
        StepTimes times = new StepTimes();
        PlanStep layer = layer();
        PlanStep thin = thin();
        times.around(layer, () -> {});
        times.around(thin, () -> {});
        Thread other = new Thread(() -> times.around(thin, () -> {}));
        other.start();
        other.join();

        Map<StepKind, Spent> kinds = times.by(StepKind::of);

        assertThat(kinds.get(StepKind.LAYERS).calls()).isEqualTo(1);
        assertThat(kinds.get(StepKind.THIN).calls()).isEqualTo(2);
        assertThat(kinds.get(StepKind.THIN).operations()).isEqualTo(2.0 * 2 * 2048 * 384 * 8);
        assertThat(kinds.get(StepKind.THIN).bytes()).isEqualTo(2.0 * StepKind.bytes(thin));
        // No two of them were in a step at the same time.
        assertThat(times.waiting(2)).isPositive();
        assertThat(times.waiting(1)).isZero();
    }
}
