/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.onednn.Bf16Instructions;
import org.lora4j.exec.onednn.MathMode;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.engine.plan.Plan;
import org.lora4j.internal.engine.plan.PlanStep;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A transformer's block of frozen layers with adapters, whose activations stay in BF16 from one layer to the next. */
class RoundedBlockTest {

    private static final int CASES = 24;
    /** A few dozen roundings to 8 bits, relative to the norm of a gradient. */
    private static final double TOLERANCE = 0.03;

    /**
     * A block.
     *
     * @param bias whether layers have one
     * @param adapted layers with an adapter
     */
    private record Block(int batch, int heads, int length, int size, int wide, boolean bias, List<String> adapted) {

        static Block of(int seed) {
            SplittableRandom random = new SplittableRandom(seed);
            List<String> layers = new ArrayList<>(List.of("q", "k", "v", "o", "up", "down"));
            layers.removeIf(layer -> random.nextInt(3) == 0);
            return new Block(
                    random.nextInt(1, 4),
                    random.nextInt(4, 6),
                    random.nextInt(4) == 0 ? 1 : random.nextInt(2, 9),
                    random.nextInt(4) == 0 ? 1 : random.nextInt(2, 17),
                    random.nextInt(1, 40),
                    random.nextBoolean(),
                    layers.isEmpty() ? List.of("up") : layers);
        }

        int width() {
            return heads * size;
        }

        SameDiff graph() {
            SameDiff sd = SameDiff.create();
            SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, width());
            SDVariable in = norm(sd, "in", x);
            SDVariable scores = sd.mmul(
                            byHeads(layer(sd, "q", in, width())),
                            byHeads(layer(sd, "k", in, width())),
                            false,
                            true,
                            false)
                    .mul(0.3);
            SDVariable context = sd.mmul(sd.nn().softmax(scores, -1), byHeads(layer(sd, "v", in, width())))
                    .permute(0, 2, 1, 3)
                    .reshape(-1, width());
            SDVariable attended = norm(sd, "attended", in.add(layer(sd, "o", context, width())));
            SDVariable up = layer(sd, "up", attended, wide);
            SDVariable gelu =
                    up.mul(0.5).mul(sd.math().erf(up.mul(Math.sqrt(0.5))).add(1));
            SDVariable out = norm(sd, "out", attended.add(layer(sd, "down", gelu, width())));
            out.mul("weighted", sd.constant("weights", values(7, batch * length, width())))
                    .sum()
                    .rename("loss");
            sd.setLossVariables("loss");
            return sd;
        }

        private SDVariable byHeads(SDVariable rows) {
            return rows.reshape(batch, length, heads, size).permute(0, 2, 1, 3);
        }

        private SDVariable norm(SameDiff sd, String name, SDVariable x) {
            return sd.nn()
                    .layerNorm(
                            x,
                            sd.constant(
                                    name + ".gain",
                                    values(name.hashCode(), width()).addi(2)),
                            sd.constant(name + ".shift", values(name.hashCode() + 1, width())),
                            false,
                            1);
        }

        private SDVariable layer(SameDiff sd, String name, SDVariable x, int outputs) {
            long inputs = name.equals("down") ? wide : width();
            int seed = name.hashCode();
            SDVariable sum = x.mmul(sd.constant(name, weight(seed, inputs, outputs)));
            if (bias) {
                sum = sum.add(sd.constant(name + ".bias", values(seed + 1, outputs)));
            }
            if (adapted.contains(name)) {
                SDVariable a = sd.var(name + ".a", weight(seed + 2, inputs, 3));
                SDVariable b = sd.var(name + ".b", weight(seed + 3, 3, outputs));
                sum = sum.add(x.mmul(a).mul(0.5).mmul(b));
            }
            return sum;
        }

        List<String> trainable() {
            return adapted.stream()
                    .flatMap(name -> Stream.of(name + ".a", name + ".b"))
                    .toList();
        }

        Map<String, INDArray> input() {
            return Map.of("x", values(1, batch * length, width()));
        }

        GraphExecutor executor(MathMode mode) {
            return SameDiffExecutor.forTraining(graph(), trainable()).withProducts(OneDnn.products(mode));
        }
    }

    private static INDArray values(long seed, long... shape) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray array = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextDouble(-1, 1));
        }
        return array;
    }

    /** Of a size that keeps that of the activations. */
    private static INDArray weight(long seed, long inputs, long outputs) {
        return values(seed, inputs, outputs).muli(Math.sqrt(3.0 / inputs));
    }

    @BeforeAll
    static void needInstructions() {
        assumeTrue(
                Bf16Instructions.areHere(),
                "oneDNN cannot be loaded here, or the processor has no instructions for BF16");
    }

    static Stream<Block> blocks() {
        return IntStream.range(0, CASES).mapToObj(Block::of);
    }

    @ParameterizedTest
    @MethodSource("blocks")
    void lossAndGradients_areCloseToThoseInF32(Block block) {
        LossAndGradients exact = block.executor(MathMode.STRICT_F32).gradients(block.input(), 1);

        LossAndGradients rounded = block.executor(MathMode.BF16).gradients(block.input(), 1);

        double size = Math.sqrt(block.batch() * block.length() * block.width());
        assertThat(rounded.loss()).isCloseTo(exact.loss(), within(TOLERANCE * size));
        double all = norm(exact.gradients().values());
        exact.gradients().forEach((name, gradient) -> {
            INDArray difference = rounded.gradients().get(name).sub(gradient);
            assertThat(norm(List.of(difference))).as(name).isLessThan(TOLERANCE * all);
        });
    }

    private static double norm(Iterable<INDArray> arrays) {
        double squares = 0;
        for (INDArray array : arrays) {
            squares += Math.pow(array.norm2Number().doubleValue(), 2);
        }
        return Math.sqrt(squares);
    }

    @Test
    void plan_keepsWhatLiesBetweenFrozenLayersInBf16_andTheRestInF32() {
        Block block = new Block(2, 3, 5, 8, 32, true, List.of("q", "up", "down"));

        List<PlanStep> steps = steps(block);

        assertThat(steps)
                .filteredOn(step -> step.work().matches("gelu(_bp)?|lora4j_attention(_bp)?"))
                .hasSize(4)
                .allSatisfy(step -> assertThat(step.outputs()).allMatch(RoundedBlockTest::isBf16));
        assertThat(steps)
                .filteredOn(step -> step.work().startsWith("layer_norm"))
                .isNotEmpty()
                .allSatisfy(step -> assertThat(Stream.concat(step.inputs().stream(), step.outputs().stream()))
                        .noneMatch(RoundedBlockTest::isBf16));
        // What the layers at both ends of attention and of the rest read, but for "o" backwards: one product alone
        // rounds for itself.
        assertThat(steps)
                .filteredOn(step -> step.work().equals("lora4j_rounding"))
                .hasSize(3);
        assertThat(steps)
                .filteredOn(step -> step.outputs().stream().anyMatch(RoundedBlockTest::isBf16))
                .as("what learns, and its gradients, are F32")
                .noneMatch(step -> step.outputs().stream()
                        .anyMatch(output -> output.shape().contains(3L)));
    }

    private static boolean isBf16(PlanStep.Operand operand) {
        return operand.type() == DataType.BFLOAT16;
    }

    private static List<PlanStep> steps(Block block) {
        GraphExecutor executor = block.executor(MathMode.BF16);
        List<PlanStep> steps = new ArrayList<>();
        Plan.watch((step, run) -> {
            steps.add(step);
            run.run();
        });
        try {
            executor.gradients(block.input(), 1);
        } finally {
            Plan.watch(null);
        }
        return steps;
    }

    @Test
    void recomputedActivations_giveTheSameBits() {
        Block block = new Block(2, 3, 5, 8, 32, true, List.of("q", "v", "up", "down"));
        LossAndGradients kept = block.executor(MathMode.BF16).gradients(block.input(), 1);

        LossAndGradients again = SameDiffExecutor.forTraining(block.graph(), block.trainable())
                .withProducts(OneDnn.products(MathMode.BF16))
                .recomputing()
                .gradients(block.input(), 1);

        assertThat(again.loss()).isEqualTo(kept.loss());
        assertThat(again.gradients()).isEqualTo(kept.gradients());
    }
}
