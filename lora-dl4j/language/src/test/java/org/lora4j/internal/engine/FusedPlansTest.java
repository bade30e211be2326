/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.kernel.Kernel;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.internal.engine.autodiff.rules.GradientRule;
import org.lora4j.internal.engine.autodiff.rules.Shapes;
import org.lora4j.internal.engine.kernel.Kernels;
import org.lora4j.internal.engine.plan.Arena;
import org.lora4j.internal.engine.plan.Plan;
import org.lora4j.internal.language.DecoderGraph;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Fused steps in plans, whose arrays share memory, give the bits that the same ops give one by one in a session of SameDiff, which
 * gives each an array of its own: forwards and back, for batches of seeded shapes.
 */
class FusedPlansTest {

    private static final int SHAPES = 4;
    private static final int WORDS = 31;
    private static final Set<String> WORKS = new TreeSet<>();

    static Stream<Arguments> cases() {
        List<String> models = List.of(
                "llama-gqa",
                "llama-bf16",
                "phi3-partial-rotary",
                "qwen3-tied",
                "gemma2-basic",
                "gpt2-basic",
                "gpt-neox-parallel");
        return models.stream().flatMap(model -> IntStream.range(0, SHAPES).mapToObj(seed -> Arguments.of(model, seed)));
    }

    private static Map<String, INDArray> batch(DecoderWeights weights, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int rows = random.nextInt(1, 4);
        int length = random.nextInt(2, 8);
        int[][] ids = new int[rows][length];
        int[][] mask = new int[rows][length];
        int[][] labels = new int[rows][length];
        for (int row = 0; row < rows; row++) {
            int used = random.nextInt(2, length + 1);
            for (int at = 0; at < length; at++) {
                boolean token = at < used;
                ids[row][at] = token ? random.nextInt(WORDS) : 0;
                mask[row][at] = token ? 1 : 0;
                labels[row][at] = token ? ids[row][at] : DecoderInputs.IGNORED;
            }
        }
        Map<String, INDArray> batch = new HashMap<>(
                DecoderInputs.of(weights.config(), DataType.FLOAT, ids, mask, DecoderInputs.positions(mask)));
        batch.putAll(DecoderInputs.targets(DataType.FLOAT, labels));
        return batch;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossAndGradients_areThoseOfASession_toTheBit(String model, long seed) throws IOException {
        DecoderWeights weights =
                DecoderWeights.read(Path.of("src/test/resources/language/models", model), WeightStorage.AS_STORED);
        SameDiff graph = DecoderGraph.of(weights, DataType.FLOAT);
        Map<String, INDArray> batch = batch(weights, seed);
        for (Multiplier multiplier : List.of(Multiplier.nd4j(), OneDnn.orNd4j())) {
            Engine planned = Engine.kernels(multiplier);

            Plan.watch((step, work) -> {
                WORKS.add(step.work());
                work.run();
            });
            LossAndGradients found;
            try {
                found = run(planned, graph, batch);
            } finally {
                Plan.watch(null);
            }

            LossAndGradients expected = run(new Unplanned(planned, multiplier), graph, batch);
            assertThat(found.loss()).isEqualTo(expected.loss()).isPositive();
            assertThat(found.gradients()).isNotEmpty();
            found.gradients()
                    .forEach((name, gradient) -> assertThat(gradient)
                            .as(name)
                            .isEqualTo(expected.gradients().get(name)));
        }
    }

    @AfterAll
    static void fusedStepsOfDecoders_wereAllMet() {
        assertThat(WORKS)
                .contains(
                        "gelu",
                        "gelu_bp",
                        "softmax",
                        "softmax_bp",
                        "lora4j_product_sum",
                        "lora4j_view_product",
                        "lora4j_row_norm",
                        "lora4j_row_norm_bp",
                        "lora4j_sigmoid_gate",
                        "lora4j_sigmoid_gate_bp",
                        "lora4j_turned_heads",
                        "lora4j_turned_heads_bp",
                        "lora4j_chunked_loss",
                        "lora4j_table_gradient",
                        "lora4j_stored_lookup");
        if (OneDnn.isAvailable()) {
            assertThat(WORKS).contains("lora4j_attention", "lora4j_attention_bp");
        }
    }

    /** With gradients of all matrices and rows that are weights. */
    private static LossAndGradients run(Engine engine, SameDiff graph, Map<String, INDArray> batch) {
        List<String> trainable = graph.variables().stream()
                .filter(v ->
                        v.getVariableType() == VariableType.CONSTANT || v.getVariableType() == VariableType.VARIABLE)
                .filter(v -> v.dataType() == DataType.FLOAT && v.getArr().rank() > 0)
                .filter(v -> v.name().endsWith("weight"))
                .map(SDVariable::name)
                .toList();
        SameDiff training = engine.prepare(graph, trainable);
        Map<String, long[]> shapes = ShapeTrace.known(
                        Engine.kernels(Multiplier.nd4j()), training, batch, List.of(DecoderGraph.LOSS))
                .orElseThrow()
                .shapes();
        return GradientGraph.build(training, trainable, shapes, engine, new Arena())
                .run(batch);
    }

    /** The same without plans. */
    private static final class Unplanned extends Engine {

        private final Engine engine;
        private final Multiplier multiplier;

        Unplanned(Engine engine, Multiplier multiplier) {
            this.engine = engine;
            this.multiplier = multiplier;
        }

        @Override
        SameDiff prepare(SameDiff graph, Collection<String> trainable) {
            return engine.prepare(graph, trainable);
        }

        @Override
        GradientRule rule(DifferentialFunction op) {
            return engine.rule(op);
        }

        @Override
        SameDiff fuse(SameDiff graph, Shapes shapes, Collection<String> outputs, boolean gradients) {
            return engine.fuse(graph, shapes, outputs, gradients);
        }

        @Override
        SameDiff finish(SameDiff graph, Shapes shapes, Collection<String> outputs) {
            return engine.finish(graph, shapes, outputs);
        }

        @Override
        SameDiff forOutputs(SameDiff graph) {
            return engine.forOutputs(graph);
        }

        @Override
        Session session(SameDiff graph, Arena arena) {
            Map<String, Kernel> kernels = Kernels.of(graph, multiplier);
            return new Session(() -> Kernels.session(graph, kernels), null);
        }

        @Override
        Session session(SameDiff graph, Arena arena, List<String> losses) {
            return session(graph, arena);
        }

        @Override
        Engine with(Multiplier other) {
            throw new UnsupportedOperationException();
        }

        @Override
        Multiplier multiplier() {
            return engine.multiplier();
        }

        @Override
        OptionalDouble productSeconds() {
            return OptionalDouble.empty();
        }

        @Override
        Engine recomputing() {
            throw new UnsupportedOperationException();
        }
    }
}
