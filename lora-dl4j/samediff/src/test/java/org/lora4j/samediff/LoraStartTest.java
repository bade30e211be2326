/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.quant.Quantization;
import org.lora4j.quant.StoredWeights;
import org.lora4j.random.RandomStreams;
import org.lora4j.train.AdamOptimizer;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.LoraFa;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Starts from data and weights; their numbers are compared with PEFT's in the golden cases. */
class LoraStartTest {

    private static final Path LOFTQ = Path.of("src/test/resources/loftq");

    /** x [-1, 6] through fc1 [6, 8] and fc2 [8, 4], against a target. */
    private static SameDiff graph() {
        SplittableRandom random = new SplittableRandom(3);
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 6);
        SDVariable target = graph.placeHolder("target", DataType.FLOAT, -1, 4);
        SDVariable one = graph.var("fc1.weight", RandomStreams.normal(random, 0.5, DataType.FLOAT, 6, 8));
        SDVariable two = graph.var("fc2.weight", RandomStreams.normal(random, 0.5, DataType.FLOAT, 8, 4));
        SDVariable y = graph.math().tanh(x.mmul("fc1", one)).mmul("y", two);
        SDVariable difference = y.sub(target);
        difference.mul(difference).mean("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    private static List<Batch> batches() {
        SplittableRandom random = new SplittableRandom(4);
        return List.of(batch(random), batch(random), batch(random));
    }

    private static Batch batch(SplittableRandom random) {
        return Batch.of(
                Map.of(
                        "x", RandomStreams.normal(random, 1, DataType.FLOAT, 16, 6),
                        "target", RandomStreams.normal(random, 1, DataType.FLOAT, 16, 4)),
                16);
    }

    private static LoraConfig config() {
        return LoraConfig.builder().rank(2).alpha(3).targetModules("fc1", "fc2").build();
    }

    private static LoraStart start(String name) {
        return switch (name) {
            case "eva" -> LoraStart.eva();
            case "corda-ipm" -> LoraStart.cordaForInstructions();
            case "corda-kpm" -> LoraStart.cordaForKnowledge();
            case "lora-ga" -> LoraStart.loraGa();
            default -> LoraStart.pissa(4, 1);
        };
    }

    /** What a start changes in the base, and what is handed out for a base that nobody changed. */
    @ParameterizedTest
    @CsvSource({"eva, false", "corda-ipm, true", "corda-kpm, true", "lora-ga, true", "pissa, true"})
    void of_givesAnAdapterThatChangesNothingAtFirstAndIsPlainOnceTrained(String name, boolean givesUp)
            throws IOException {
        SameDiff base = graph();
        INDArray weight = base.getVariable("fc1.weight").getArr().dup();
        AdaptedSameDiff model = AdaptedSameDiff.of(base);
        StartedAdapter start = start(name).of(model, config(), batches());
        INDArray x = batches().get(0).placeholders().get("x");
        INDArray before = model.output(Map.of("x", x), "y").get("y").dup();

        model.startAdapter("task", start);
        model.activate("task");

        assertThat(start.givenUp().isEmpty()).isEqualTo(!givesUp);
        assertThat(close(model.output(Map.of("x", x), "y").get("y"), before)).isTrue();
        Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .steps(4)
                        .optimizer(AdamOptimizer.of(0.05))
                        .build())
                .build()
                .train(Batches.inOrder(batches()));
        INDArray trained = model.output(Map.of("x", x), "y").get("y").dup();
        assertThat(close(trained, before)).isFalse();
        Adapter plain = model.adapter("task");
        assertThat(plain.loraConfig().rankOf("fc1")).isEqualTo(givesUp ? 4 : 2);
        AdaptedSameDiff other = AdaptedSameDiff.of(graph());
        other.addAdapter("task", plain);
        other.activate("task");
        assertThat(close(other.output(Map.of("x", x), "y").get("y"), trained)).isTrue();
        Map<String, INDArray> merged = WeightMerge.merged(ModelWeights.of(model), List.of(plain));
        assertThat(merged).containsOnlyKeys("fc1.weight", "fc2.weight");
        assertThat(base.getVariable("fc1.weight").getArr()).isEqualTo(weight);
    }

    private static boolean close(INDArray found, INDArray expected) {
        return found.equalsWithEps(expected, 1e-5);
    }

    @Test
    void eva_ofBatchesWithPadding_takesTheirTokensOnly() {
        SameDiff graph = graph();
        graph.placeHolder("attention_mask", DataType.FLOAT, -1, 8);
        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        INDArray tokens = RandomStreams.normal(new SplittableRandom(6), 1, DataType.FLOAT, 11, 6);
        INDArray junk = RandomStreams.normal(new SplittableRandom(7), 90, DataType.FLOAT, 5, 6);
        // Two texts, of eight and of three tokens.
        INDArray mask = Nd4j.ones(DataType.FLOAT, 2, 8);
        for (int i = 3; i < 8; i++) {
            mask.putScalar(1, i, 0);
        }
        Batch padded = Batch.of(Map.of("x", Nd4j.vstack(tokens, junk), "attention_mask", mask), 2);
        Batch alone = Batch.of(Map.of("x", tokens), 11);

        Map<String, Map<String, INDArray>> found =
                LoraStart.eva().of(model, config(), List.of(padded)).factors();

        assertThat(found)
                .isEqualTo(LoraStart.eva().of(model, config(), List.of(alone)).factors());
    }

    @Test
    void eva_ofTextsToContinue_takesTokensWithALossAndTheirPredictors() {
        SameDiff graph = graph();
        graph.placeHolder("target_weights", DataType.FLOAT, -1, 8);
        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        INDArray rows = RandomStreams.normal(new SplittableRandom(6), 1, DataType.FLOAT, 16, 6);
        // A text of eight tokens, and one of a prompt of three, four to learn, and padding: the third predicts the
        // fourth.
        INDArray weights = Nd4j.createFromArray(new float[][] {{1, 1, 1, 1, 1, 1, 1, 0}, {0, 0, 1, 1, 1, 1, 0, 0}});
        Batch whole = Batch.of(Map.of("x", rows, "target_weights", weights), 2);
        INDArray taken = Nd4j.vstack(
                rows.get(NDArrayIndex.interval(0, 8), NDArrayIndex.all()),
                rows.get(NDArrayIndex.interval(10, 15), NDArrayIndex.all()));
        Batch alone = Batch.of(Map.of("x", taken), 13);

        assertThat(LoraStart.eva().of(model, config(), List.of(whole)).factors())
                .isEqualTo(LoraStart.eva().of(model, config(), List.of(alone)).factors());
    }

    @Test
    void eva_withDataOfOneDirectionInAModule_takesItsRankAway() {
        SplittableRandom random = new SplittableRandom(5);
        INDArray line = RandomStreams.normal(random, 1, DataType.FLOAT, 40, 1)
                .mmul(RandomStreams.normal(random, 1, DataType.FLOAT, 1, 6));
        Batch batch = Batch.of(Map.of("x", line, "target", Nd4j.zeros(DataType.FLOAT, 40, 4)), 40);
        AdaptedSameDiff model = AdaptedSameDiff.of(graph());

        StartedAdapter start = LoraStart.eva().withRho(2).of(model, config(), List.of(batch));

        assertThat(start.config().rankOf("fc1") + start.config().rankOf("fc2")).isEqualTo(4);
        assertThat(start.config().rankOf("fc1")).isEqualTo(1);
        // Adjusted: the scaling is what it was.
        assertThat(start.config().scalingOf("fc1")).isCloseTo(1.5, within(1e-12));
        assertThat(start.config().scalingOf("fc2")).isCloseTo(1.5, within(1e-12));
        model.startAdapter("task", start);
        assertThat(model.adapter("task")
                        .modules()
                        .get("fc2")
                        .get("lora_A.weight")
                        .size(0))
                .isEqualTo(3);
    }

    @Test
    void of_withWhatCannotBe_refusesByName() {
        AdaptedSameDiff model = AdaptedSameDiff.of(graph());
        assertThatThrownBy(() -> LoraStart.eva().of(model, config(), List.of()))
                .hasMessageContaining("no batch; expected one or more");
        assertThatThrownBy(() -> LoraStart.loraGa()
                        .of(model, config().toBuilder().rank(3).build(), batches()))
                .hasMessageContaining("\"fc2\" has rank 3, expected at most 2");
        assertThatThrownBy(() -> LoraStart.pissa(2, 1)
                        .of(model, config().toBuilder().dora(true).build(), List.of()))
                .hasMessageContaining("expected plain LoRA");
        Batch notFinite = Batch.of(Map.of("x", Nd4j.valueArrayOf(new long[] {4, 6}, Float.NaN, DataType.FLOAT)), 4);
        assertThatThrownBy(() -> LoraStart.cordaForKnowledge().of(model, config(), List.of(notFinite)))
                .hasMessageContaining("not finite");
        StartedAdapter start = LoraStart.pissa(2, 1).of(model, config(), List.of());
        AdaptedSameDiff other = AdaptedSameDiff.of(graph(), Map.of("fc2.weight", "last"));
        assertThatThrownBy(() -> other.startAdapter("task", start)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"init-loftq-nf4", "init-loftq-nf4-iter5"})
    void loftq_onWeightsThatLieAsPeftsDo_isPefts(String name) throws IOException {
        Path directory = LOFTQ.resolve(name);
        ModelWeights weights = ModelWeights.open(directory.resolve("base.safetensors"));
        ModelWeights io = ModelWeights.open(directory.resolve("io.safetensors"));
        boolean five = name.endsWith("iter5");
        SameDiff graph = SameDiff.create();
        SDVariable h = graph.placeHolder("x", DataType.FLOAT, -1, 16);
        for (String module : List.of("fc1", "fc2")) {
            SDVariable weight = graph.var(module + ".weight", weights.get(module + ".weight"));
            SDVariable bias = graph.var(module + ".bias", weights.get(module + ".bias"));
            h = graph.mmul(h, weight, false, true, false).add(bias);
            h = module.equals("fc1") ? graph.nn().relu(h, 0) : h;
        }
        graph.identity("y", h);
        int rank = five ? 3 : 4;
        LoraConfig config = LoraConfig.builder()
                .rank(rank)
                .alpha(rank)
                .targetModules(five ? new String[] {"fc1", "fc2"} : new String[] {"fc1"})
                .build();

        LoftqStart loftq = LoftqStart.of(graph, config, Quantization.nf4(), five ? 5 : 1);

        loftq.start().factors().forEach((path, factors) -> {
            INDArray quantized = StoredWeights.value(loftq.base().graph(), path + ".weight");
            assertThat(quantized.equalsWithEps(io.get("resid." + path + ".weight"), 1e-4))
                    .as(path)
                    .isTrue();
            INDArray theirs = io.get("init.base_model.model." + path + ".lora_B.weight")
                    .mmul(io.get("init.base_model.model." + path + ".lora_A.weight"));
            INDArray ours = factors.get("lora_B.weight").mmul(factors.get("lora_A.weight"));
            assertThat(ours.equalsWithEps(theirs, 1e-4)).as(path).isTrue();
        });
        AdaptedSameDiff model = AdaptedSameDiff.of(loftq.base().graph());
        model.startAdapter("task", loftq.start());
        model.activate("task");
        assertThat(model.output(Map.of("x", io.get("x")), "y").get("y").equalsWithEps(io.get("y_init"), 1e-3))
                .isTrue();
    }

    @Test
    void loftq_inEightBits_losesLessThanQuantizationAlone() {
        LoftqStart once = LoftqStart.of(graph(), config(), Quantization.int8(), 1);
        LoftqStart often = LoftqStart.of(graph(), config(), Quantization.int8(), 5);

        once.base()
                .weights()
                .forEach(entry -> assertThat(
                                once.relativeErrors().get(entry.name().replace(".weight", "")))
                        .isLessThan(entry.relativeError()));
        assertThat(often.relativeErrors().get("fc1"))
                .isLessThan(once.relativeErrors().get("fc1") * 1.2);
    }

    @Test
    void loraFa_leavesAAsItIsAndTrainsB() {
        SameDiff graph = graph();
        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        model.addAdapter("task", config(), 1);
        model.activate("task");
        Adapter before = model.adapter("task");

        Trainer.builder(model)
                .plan(TrainingPlan.builder().steps(3).optimizer(LoraFa.of(0.01)).build())
                .build()
                .train(Batches.inOrder(batches()));

        Adapter after = model.adapter("task");
        for (String path : List.of("fc1", "fc2")) {
            assertThat(after.modules().get(path).get("lora_A.weight"))
                    .isEqualTo(before.modules().get(path).get("lora_A.weight"));
            assertThat(after.modules()
                            .get(path)
                            .get("lora_B.weight")
                            .norm2Number()
                            .doubleValue())
                    .isPositive();
        }
    }
}
