/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.CapturedLog;
import org.lora4j.exec.ExecutionParts;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.internal.graph.GraphOrder;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.internal.language.DecoderGraph;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.TrainableParameter;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** How decoders train: what is fused in their graphs, gradients, and parts of a batch. */
class DecoderOpsTest {

    /** Float roundings through a few layers, relative to the largest value. */
    private static final double TOLERANCE = 1e-5;

    private static final int[][] IDS = {
        {5, 9, 2, 17, 4, 30}, {1, 7, 7, 3, 0, 0}, {8, 2, 6, 11, 21, 0}, {4, 4, 19, 2, 3, 1}
    };
    private static final int[][] MASK = {{1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 0, 0}, {1, 1, 1, 1, 1, 0}, {1, 1, 1, 1, 1, 1}
    };

    static Stream<String> models() {
        return Stream.of("gemma2-basic", "gpt2-basic", "llama-bf16", "phi3-partial-rotary", "qwen3-tied");
    }

    private static DecoderWeights weights(String model) throws IOException {
        return DecoderWeights.read(Path.of("src/test/resources/language/models", model), WeightStorage.AS_STORED);
    }

    private static Map<String, INDArray> batch(DecoderWeights weights, DataType type) {
        Map<String, INDArray> batch =
                new HashMap<>(DecoderInputs.of(weights.config(), type, IDS, MASK, DecoderInputs.positions(MASK)));
        int[][] labels = new int[IDS.length][];
        for (int row = 0; row < IDS.length; row++) {
            labels[row] = IDS[row].clone();
            for (int t = 0; t < labels[row].length; t++) {
                labels[row][t] = MASK[row][t] == 0 ? DecoderInputs.IGNORED : labels[row][t];
            }
        }
        batch.putAll(DecoderInputs.targets(type, labels));
        return batch;
    }

    /** Norms, gates and rotations of all layers; a layer of Gemma has four norms, and of Qwen 3 two more for heads. */
    @ParameterizedTest
    @CsvSource({
        "llama-gqa, 2, 1, 2, 1",
        "llama-bf16, 2, 1, 2, 1",
        "phi3-partial-rotary, 2, 1, 2, 1",
        "qwen3-tied, 4, 1, 2, 1",
        "gemma2-basic, 4, 1, 2, 1",
        "gpt2-basic, 2, 1, 0, 1",
        "gpt-neox-parallel, 2, 0, 2, 1"
    })
    void fuse_findsWhatTheGraphSpells(String model, int norms, int gates, int turned, int losses) throws IOException {
        DecoderWeights weights = weights(model);
        int layers = weights.config().layers().size();
        SameDiff graph = DecoderGraph.of(weights, DataType.FLOAT);
        Engine engine = Engine.kernels(Multiplier.nd4j());
        List<String> asked = List.of(DecoderGraph.LOSS);
        RequestedShapes shapes =
                new RequestedShapes(ShapeTrace.known(engine, graph, batch(weights, DataType.FLOAT), asked)
                        .orElseThrow()
                        .shapes());

        SameDiff fused = engine.fuse(graph, shapes, asked, true);

        Map<String, Long> found = GraphOrder.ancestors(fused, asked).stream()
                .map(name -> GraphOrder.producer(fused, name))
                .filter(op -> op != null)
                .map(op -> fused.getOps().get(op).getOp().opName())
                .filter(op -> op.startsWith("lora4j_"))
                .collect(Collectors.groupingBy(op -> op, TreeMap::new, Collectors.counting()));
        Map<String, Long> expected = new TreeMap<>();
        put(expected, "lora4j_row_norm", (long) norms * layers + 1);
        put(expected, "lora4j_sigmoid_gate", (long) gates * layers);
        put(expected, "lora4j_turned_heads", (long) turned * layers);
        put(expected, "lora4j_chunked_loss", losses);
        assertThat(found).isEqualTo(expected);
        // Rows without a target are left out.
        assertThat(GraphOrder.inputs(fused.getOps().get(GraphOrder.producer(fused, DecoderGraph.TOKEN_LOSS))))
                .contains(DecoderInputs.TARGET_WEIGHTS);
    }

    private static void put(Map<String, Long> counts, String op, long count) {
        if (count > 0) {
            counts.put(op, count);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void gradients_areThoseOfTheOpsOneByOneInDouble_wholeAndInParts(String model) throws IOException {
        DecoderWeights weights = weights(model);
        AdaptedSameDiff single = adapted(weights, DataType.FLOAT);
        AdaptedSameDiff twice = adapted(weights, DataType.DOUBLE);
        LossAndGradients expected = twice.executor().gradients(batch(weights, DataType.DOUBLE), 0);

        LossAndGradients whole = single.executor().inOnePart().gradients(batch(weights, DataType.FLOAT), 0);
        LossAndGradients parts = single.inParallel(3).executor().gradients(batch(weights, DataType.FLOAT), 0);
        LossAndGradients again =
                single.executor().inOnePart().recomputing().gradients(batch(weights, DataType.FLOAT), 0);

        assertClose(whole, expected);
        assertClose(parts, expected);
        assertThat(again.loss()).isEqualTo(whole.loss());
        whole.gradients()
                .forEach((name, gradient) ->
                        assertThat(again.gradients().get(name)).as(name).isEqualTo(gradient));
    }

    private static void assertClose(LossAndGradients actual, LossAndGradients expected) {
        assertThat(actual.loss()).isCloseTo(expected.loss(), org.assertj.core.data.Offset.offset(TOLERANCE));
        double largest = expected.gradients().values().stream()
                .mapToDouble(gradient -> gradient.amaxNumber().doubleValue())
                .max()
                .orElseThrow();
        assertThat(actual.gradients().keySet()).isEqualTo(expected.gradients().keySet());
        expected.gradients().forEach((name, gradient) -> {
            INDArray difference =
                    actual.gradients().get(name).castTo(DataType.DOUBLE).sub(gradient);
            assertThat(difference.amaxNumber().doubleValue() / largest).as(name).isLessThan(TOLERANCE);
        });
    }

    @ParameterizedTest
    @CsvSource({"llama-gqa", "gemma2-basic", "gpt2-basic"})
    void batch_isCut_asItsLossIsASumOverRows(String model) throws IOException {
        DecoderWeights weights = weights(model);
        SameDiff graph = DecoderGraph.of(weights, DataType.FLOAT);

        ExecutionParts parting = new PartRule(graph, Engine.kernels(Multiplier.nd4j()), 2, 1e-9)
                .decide(batch(weights, DataType.FLOAT), List.of(DecoderGraph.LOSS), true)
                .parting();

        assertThat(parting).isEqualTo(new ExecutionParts(2, "rows share nothing"));
    }

    @Test
    void training_logsNoWarning_ofWhatTheLibraryDoesWithOps() throws IOException {
        DecoderWeights weights = weights("llama-gqa");

        String log = CapturedLog.of(
                DifferentialFunction.class,
                () -> adapted(weights, DataType.FLOAT).executor().gradients(batch(weights, DataType.FLOAT), 0));

        assertThat(log).isEmpty();
    }

    private static AdaptedSameDiff adapted(DecoderWeights weights, DataType type) {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targetModules(ModuleSelector.allLinear())
                .build();
        AdaptedSameDiff model = DefaultAdapter.fresh(AdaptedSameDiff.of(DecoderGraph.of(weights, type)), config, 1);
        for (TrainableParameter parameter : model.trainableParameters()) {
            INDArray value = parameter.value();
            int seed = parameter.name().hashCode();
            for (long i = 0; i < value.length(); i++) {
                value.putScalar(i, 0.2 * Math.sin(seed % 1000 + 1.7 * i));
            }
        }
        return model;
    }
}
