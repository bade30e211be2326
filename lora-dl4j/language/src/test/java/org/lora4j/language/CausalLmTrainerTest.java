/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.language.DecoderGraph;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.train.AdamW;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.GradientClipping;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.RunListener;
import org.lora4j.train.StepReport;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a language model learns, and what becomes of it on the way. */
class CausalLmTrainerTest {

    private static final Path MODELS = Path.of("src/test/resources/language/models");
    private static final RunListener QUIET = new RunListener() {};

    private static final List<LmExample> TEXTS = List.of(
            LmExample.text("Tim had a red ball. He ran with the red ball.").withKind("ball"),
            LmExample.completion("What is red?", " The ball is red.").withKind("question"),
            LmExample.text("Lily had a red ball. She ran with the red ball.").withKind("ball"),
            LmExample.completion("Who ran?", " Tim ran.").withKind("question"));

    @TempDir
    Path directory;

    private CausalLm small() throws IOException {
        Path model = directory.resolve("model");
        if (!Files.exists(model)) {
            SmallCausalLm.write(Files.createDirectory(model), null);
        }
        return SmallCausalLm.load(model);
    }

    private static Map<String, INDArray> tensors(Path file) throws IOException {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (TensorEntry entry : reader.tensors().values()) {
                ElementCodec codec = ElementCodec.of(entry.dtype())
                        .or(() -> ElementCodec.ofIntegers(entry.dtype()))
                        .orElseThrow();
                tensors.put(entry.name(), ArrayBytes.read(reader, entry, codec).castTo(DataType.DOUBLE));
            }
        }
        return tensors;
    }

    private static void assertClose(INDArray found, INDArray expected, double tolerance, String what) {
        assertThat(found.shape()).as(what).isEqualTo(expected.shape());
        assertThat(found.castTo(DataType.DOUBLE)
                        .sub(expected.castTo(DataType.DOUBLE))
                        .amaxNumber()
                        .doubleValue())
                .as(what)
                .isLessThanOrEqualTo(tolerance);
    }

    /** The rows of the fixture's batch without their padding. */
    private static List<LmExample> goldenBatch(Map<String, INDArray> golden) {
        int[][] ids = golden.get("right.ids").castTo(DataType.INT32).toIntMatrix();
        int[][] mask = golden.get("right.mask").castTo(DataType.INT32).toIntMatrix();
        int[][] labels = golden.get("right.labels").castTo(DataType.INT32).toIntMatrix();
        List<LmExample> examples = new ArrayList<>();
        for (int b = 0; b < ids.length; b++) {
            int length = 0;
            while (length < mask[b].length && mask[b][length] == 1) {
                length++;
            }
            int[] row = Arrays.copyOf(ids[b], length);
            boolean[] learned = new boolean[length];
            for (int t = 0; t < length; t++) {
                learned[t] = labels[b][t] != DecoderInputs.IGNORED;
            }
            examples.add(LmExample.tokens(row, learned));
        }
        return examples;
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "gemma2-basic", "gpt2-basic", "phi3-partial-rotary"})
    void threeStepsOfAdamW_areThoseOfPeft_packedAndPadded(String name) throws IOException {
        Path fixture = MODELS.resolve(name);
        JsonNode about =
                new ObjectMapper().readTree(fixture.resolve("case.json").toFile());
        Map<String, INDArray> golden = tensors(fixture.resolve("golden.safetensors"));
        for (boolean packing : new boolean[] {true, false}) {
            try (CausalLm model = CausalLm.load(fixture)) {
                model.model().addAdapter("default", Adapter.load(fixture.resolve("adapter-all")));
                JsonNode settings = about.path("training");
                CausalLmTrainer trainer = CausalLmTrainer.builder(model)
                        .packing(packing)
                        .validationFraction(0)
                        .listener(QUIET)
                        .plan(plan -> plan.epochs(settings.path("steps").asInt())
                                .optimizer(AdamW.of(settings.path("lr").asDouble())
                                        .withWeightDecay(
                                                settings.path("weight_decay").asDouble()))
                                .schedule(LearningRateSchedule.constant())
                                .clipping(GradientClipping.none())
                                .decayBiasAndNorm(true))
                        .build();

                LmFitReport report = trainer.fit(goldenBatch(golden));

                JsonNode tolerance = about.at("/tolerance/float32");
                List<Double> losses = report.losses();
                assertThat(losses).hasSize(3);
                for (int i = 0; i < losses.size(); i++) {
                    assertThat(losses.get(i))
                            .isCloseTo(
                                    golden.get("adapter-all.losses").getDouble(i),
                                    within(10 * tolerance.path("loss_atol").asDouble()));
                }
                Path saved = directory.resolve(name + packing);
                model.model().adapter("default").save(saved);
                tensors(saved.resolve("adapter_model.safetensors"))
                        .forEach((key, value) -> assertClose(
                                value,
                                golden.get("adapter-all.after3." + key),
                                tolerance.path("after3_atol").asDouble(),
                                key));
                assertThat(trainer.evaluate(goldenBatch(golden)).loss())
                        .as("loss after the last step, by a decode session")
                        .isCloseTo(
                                golden.get("adapter-all.losses").getDouble(3),
                                within(10 * tolerance.path("loss_atol").asDouble()));
            }
        }
    }

    @Test
    void fit_learns_keepsTheBestEpochAndSavesAnAdapter() throws IOException {
        try (CausalLm model = small()) {
            CausalLmTrainer trainer =
                    CausalLmTrainer.builder(model).epochs(12).listener(QUIET).build();

            LmFitReport report = trainer.fit(TEXTS, TEXTS);

            assertThat(report.after().orElseThrow()).isLessThan(report.before().orElseThrow() - 1);
            assertThat(report.evaluationAfter().orElseThrow().kinds()).containsOnlyKeys("ball", "question");
            assertThat(report.rows()).isLessThan(report.sequences());
            assertThat(report.notes())
                    .containsExactly(
                            "4 sequences of the validation part are in the training part, too, so its loss is too low");
            LmEvaluation now = trainer.evaluate(TEXTS);
            assertThat(now).isEqualTo(report.evaluationAfter().orElseThrow());
            Path saved = directory.resolve("adapter");
            model.model().adapter("default").save(saved);
            try (CausalLm other = small()) {
                CausalLmTrainer measuring = CausalLmTrainer.builder(other).build();
                assertThat(measuring.evaluate(TEXTS))
                        .isEqualTo(report.evaluationBefore().orElseThrow());
                other.model().addAdapter("saved", Adapter.load(saved));
                other.model().activate("saved");
                assertThat(measuring.evaluate(TEXTS).loss()).isCloseTo(now.loss(), within(1e-6));
                other.model().merge();
                assertThat(measuring.evaluate(TEXTS).loss()).isCloseTo(now.loss(), within(1e-5));
            }
        }
    }

    @Test
    void plainPair_actsAsAPair_andIsNotMergedForASession() throws IOException {
        try (CausalLm model = small()) {
            CausalLmTrainer.builder(model).epochs(1).listener(QUIET).build().fit(TEXTS);

            ActingAdapters acting = ActingAdapters.of(model.model(), model.weights());

            assertThat(acting.pairs()).hasSize(7);
            assertThat(acting.tensors()).isEmpty();
        }
    }

    @Test
    void fit_thatMakesNothingBetter_keepsTheStart() throws IOException {
        try (CausalLm model = small()) {
            LmFitReport first = CausalLmTrainer.builder(model)
                    .epochs(12)
                    .listener(QUIET)
                    .build()
                    .fit(TEXTS, TEXTS);
            INDArray before = query(model);

            LmFitReport second = CausalLmTrainer.builder(model)
                    .learningRate(1)
                    .listener(QUIET)
                    .build()
                    .fit(TEXTS, TEXTS);

            assertThat(second.before()).as("goes on from where the adapter is").isEqualTo(first.after());
            assertThat(second.startKept()).isTrue();
            assertThat(second.after()).isEqualTo(first.after());
            assertThat(query(model)).isEqualTo(before);
        }
    }

    @Test
    void evaluation_isTheLossOfTheGraph() throws IOException {
        try (CausalLm model = small()) {
            CausalLmTrainer trainer = CausalLmTrainer.builder(model).build();
            int[] ids = model.tokenizer().encode("Tim had a red ball.");
            boolean[] learned = new boolean[ids.length];
            Arrays.fill(learned, 3, ids.length, true);
            int[][] labels = {ids.clone()};
            Arrays.fill(labels[0], 0, 3, DecoderInputs.IGNORED);
            int[][] mask = {Arrays.stream(ids).map(id -> 1).toArray()};
            Map<String, INDArray> batch = new LinkedHashMap<>(model.inputs(new int[][] {ids}, mask));
            batch.putAll(DecoderInputs.targets(DataType.FLOAT, labels));

            LmEvaluation evaluation = trainer.evaluate(List.of(LmExample.tokens(ids, learned)));

            double graph = model.model()
                    .output(batch, DecoderGraph.LOSS)
                    .get(DecoderGraph.LOSS)
                    .getDouble(0);
            assertThat(evaluation.tokens()).isEqualTo(ids.length - 3);
            assertThat(evaluation.loss()).isCloseTo(graph, within(1e-5));
            assertThat(evaluation.perplexity()).isCloseTo(Math.exp(graph), within(1e-2));
        }
    }

    @Test
    void evaluation_byKind_isThatOfEachKindAlone() throws IOException {
        try (CausalLm model = small()) {
            CausalLmTrainer trainer = CausalLmTrainer.builder(model).build();

            LmEvaluation all = trainer.evaluate(TEXTS);

            double loss = 0;
            for (String kind : List.of("ball", "question")) {
                LmEvaluation one = trainer.evaluate(
                        TEXTS.stream().filter(text -> text.kind().equals(kind)).toList());
                LmEvaluation found = all.kinds().get(kind);
                assertThat(found.tokens()).isEqualTo(one.tokens());
                assertThat(found.loss()).isCloseTo(one.loss(), within(1e-5));
                assertThat(found.perplexity()).isEqualTo(Math.exp(found.loss()));
                loss += found.tokens() * found.loss();
            }
            assertThat(all.loss()).isCloseTo(loss / all.tokens(), within(1e-9));
            assertThat(all.kinds().get("ball").loss())
                    .isNotEqualTo(all.kinds().get("question").loss());
        }
    }

    @Test
    void rateByDefault_fallsWithTheWidth_andIsATenthForAllWeights() throws IOException {
        try (CausalLm model = small()) {
            double adapter = CausalLmTrainer.builder(model)
                    .epochs(1)
                    .listener(QUIET)
                    .build()
                    .fit(TEXTS)
                    .learningRate();
            double full = CausalLmTrainer.builder(model.base())
                    .fullFineTuning()
                    .epochs(1)
                    .listener(QUIET)
                    .build()
                    .fit(TEXTS)
                    .learningRate();

            // The hidden size is 16.
            assertThat(adapter).isCloseTo(5e-4 * Math.pow(2000 / 16.0, 0.78), within(1e-12));
            assertThat(full).isCloseTo(adapter / 10, within(1e-12));
        }
    }

    @Test
    void accumulatedBatches_stepAsOneBatch() throws IOException {
        List<INDArray> factors = new ArrayList<>();
        for (boolean accumulated : new boolean[] {false, true}) {
            try (CausalLm model = small()) {
                CausalLmTrainer.builder(model)
                        .packing(false)
                        .validationFraction(0)
                        .tokenBudget(accumulated ? 1 : 2048)
                        .accumulation(accumulated ? 4 : 1)
                        .epochs(2)
                        .listener(QUIET)
                        .build()
                        .fit(TEXTS);
                factors.add(query(model));
            }
        }

        assertClose(factors.get(1), factors.get(0), 1e-4, "B of the queries");
        assertThat(factors.get(0).amaxNumber().doubleValue()).isGreaterThan(1e-3);
    }

    private static INDArray query(CausalLm model) {
        return model.model()
                .adapter("default")
                .modules()
                .get("model.layers.0.self_attn.q_proj")
                .get("lora_B.weight");
    }

    @Test
    void recomputedActivations_giveTheSameBits() throws IOException {
        List<INDArray> factors = new ArrayList<>();
        for (boolean recomputing : new boolean[] {false, true}) {
            try (CausalLm model = small()) {
                CausalLmTrainer.Builder builder = CausalLmTrainer.builder(model)
                        .epochs(2)
                        .validationFraction(0)
                        .listener(QUIET);
                (recomputing ? builder.recomputing() : builder).build().fit(TEXTS);
                factors.add(query(model));
            }
        }

        assertThat(factors.get(1)).isEqualTo(factors.get(0));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void resumedRun_endsWithTheSameBits(boolean full) throws IOException {
        List<String> ends = new ArrayList<>();
        for (int stop : new int[] {Integer.MAX_VALUE, 3}) {
            Path checkpoints = directory.resolve("checkpoints" + stop);
            LmFitReport report = run(checkpoints, full, stop, false);
            if (stop == 3) {
                assertThat(report.run().steps()).isEqualTo(3);
                report = run(checkpoints, full, Integer.MAX_VALUE, true);
            }
            assertThat(report.run().steps()).isEqualTo(8);
            ends.add(report.losses() + " " + report.after());
        }

        assertThat(ends.get(1)).isEqualTo(ends.get(0));
    }

    private LmFitReport run(Path checkpoints, boolean full, int stop, boolean resume) throws IOException {
        try (CausalLm model = small()) {
            CausalLmTrainer.Builder builder = CausalLmTrainer.builder(model)
                    .epochs(4)
                    .tokenBudget(40)
                    .maxLength(40)
                    .packing(true)
                    .checkpoints(Checkpoints.in(checkpoints))
                    .listener(new RunListener() {
                        @Override
                        public void onStep(StepReport report) {
                            if (report.step() == stop) {
                                Thread.currentThread().interrupt();
                            }
                        }
                    });
            CausalLmTrainer trainer = (full ? builder.fullFineTuning() : builder).build();
            List<LmExample> train = TEXTS.subList(0, 3);
            return resume ? trainer.resume(train, TEXTS) : trainer.fit(train, TEXTS);
        }
    }

    @Test
    void fullFineTuning_turnsTheModel_whoseTiedTableLearnsOnce() throws IOException {
        try (CausalLm model = small()) {
            CausalLmTrainer trainer = CausalLmTrainer.builder(model)
                    .fullFineTuning()
                    .learningRate(1e-2)
                    .epochs(6)
                    .listener(QUIET)
                    .build();
            LmEvaluation before = trainer.evaluate(TEXTS);

            LmFitReport report = trainer.fit(TEXTS, TEXTS);

            assertThat(report.after().orElseThrow()).isLessThan(before.loss() - 1);
            assertThat(CausalLmTrainer.builder(model.base()).build().evaluate(TEXTS))
                    .isEqualTo(before);
            assertThat(model.model().adapterNames()).isEmpty();
            CausalLm tuned = trainer.model();
            assertThat(tuned).isSameAs(model);
            assertThat(trainer.evaluate(TEXTS).loss()).isEqualTo(report.after().orElseThrow());
            var graph = tuned.model().base();
            INDArray words = graph.getVariable("model.embed_tokens.weight").getArr();
            assertThat(graph.getVariable("lm_head.weight").getArr()).isEqualTo(words);
            assertThat(words)
                    .isNotEqualTo(model.base()
                            .model()
                            .base()
                            .getVariable("model.embed_tokens.weight")
                            .getArr());
            assertThat(report.run().norms()).hasSize(11);
            int[] ids = tuned.tokenizer().encode("Tim had a red ball.");
            int[][] mask = {Arrays.stream(ids).map(id -> 1).toArray()};
            INDArray logits = tuned.model()
                    .output(tuned.inputs(new int[][] {ids}, mask), DecoderGraph.LOGITS)
                    .get(DecoderGraph.LOGITS);
            double[] byToken = tuned.logProbabilities(ids);
            for (int t = 0; t < byToken.length; t++) {
                double[] row = logits.slice(0).slice(t).toDoubleVector();
                double sum = Arrays.stream(row).map(Math::exp).sum();
                assertThat(byToken[t]).isCloseTo(row[ids[t + 1]] - Math.log(sum), within(1e-4));
            }
        }
    }

    @Test
    void fullFineTuning_ofAQuantizedModel_trainsFloatCopies() throws IOException {
        small().close();
        try (CausalLm model = CausalLm.load(directory.resolve("model"), CausalLm.Storage.INT8)) {
            CausalLmTrainer trainer = CausalLmTrainer.builder(model)
                    .fullFineTuning()
                    .epochs(1)
                    .listener(QUIET)
                    .build();
            double before = trainer.evaluate(TEXTS).loss();

            LmFitReport report = trainer.fit(TEXTS, TEXTS);

            assertThat(report.before().orElseThrow()).isCloseTo(before, within(1e-4));
            assertThat(report.after().orElseThrow()).isLessThan(before);
            assertThat(trainer.model().bytes()).isGreaterThan(2 * model.base().bytes());
        }
    }

    @Test
    void badData_isToldBeforeAnythingChanges_orLeftOutWhereAsked() throws IOException {
        try (CausalLm model = small()) {
            List<LmExample> some = List.of(TEXTS.get(0), LmExample.text(""), TEXTS.get(1));
            CausalLmTrainer trainer =
                    CausalLmTrainer.builder(model).epochs(1).listener(QUIET).build();

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainer.fit(some, List.of(LmExample.completion("a", ""))))
                    .withMessageContaining("CausalLmTrainer.fit: 2 problems: train[1] is an empty text")
                    .withMessageContaining("validation[0] has an empty completion")
                    .withMessageContaining("skipInvalid()");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainer.fit(List.of(), TEXTS))
                    .withMessageContaining("train has no examples");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainer.fit(TEXTS, List.of()))
                    .withMessageContaining("validation has no examples");
            assertThat(model.model().adapterNames()).isEmpty();

            LmFitReport report = CausalLmTrainer.builder(model)
                    .skipInvalid()
                    .validationFraction(0)
                    .epochs(1)
                    .listener(QUIET)
                    .build()
                    .fit(some);

            assertThat(report.skipped()).isEqualTo(1);
            assertThat(report.sequences()).isEqualTo(2);
            assertThat(report.notes()).singleElement().asString().contains("1 examples were left out");
        }
    }

    @Test
    void fit_withoutAValidationPart_keepsOneBack_unlessToldOtherwise() throws IOException {
        try (CausalLm model = small()) {
            CausalLmTrainer.Builder builder =
                    CausalLmTrainer.builder(model).epochs(1).listener(QUIET);

            LmFitReport kept = builder.build().fit(TEXTS);
            LmFitReport all = builder.validationFraction(0).build().fit(TEXTS);

            assertThat(kept.sequences()).isLessThan(TEXTS.size());
            assertThat(kept.after()).isPresent();
            assertThat(all.sequences()).isEqualTo(TEXTS.size());
            assertThat(all.after()).isEmpty();
            assertThat(all.startKept()).isFalse();
        }
    }

    @Test
    void fit_ofOneExample_saysHowToDoWithoutAValidationPart() throws IOException {
        try (CausalLm model = small()) {
            CausalLmTrainer trainer =
                    CausalLmTrainer.builder(model).listener(QUIET).build();

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainer.fit(TEXTS.subList(0, 1)))
                    .withMessageContaining("1 examples are too few")
                    .withMessageContaining("validationFraction(0)");
            assertThat(model.model().adapterNames()).isEmpty();
        }
    }

    @Test
    void failure_leavesTheAdaptersAsTheyWere() throws IOException {
        try (CausalLm model = small()) {
            CausalLmTrainer trainer = CausalLmTrainer.builder(model)
                    .listener(new RunListener() {
                        @Override
                        public void onStep(StepReport report) {
                            throw new IllegalStateException("stop");
                        }
                    })
                    .build();

            assertThatThrownBy(() -> trainer.fit(TEXTS)).hasMessageContaining("stop");

            assertThat(model.model().adapterNames()).isEmpty();
            assertThat(model.model().isEnabled()).isTrue();
        }
    }

    @Test
    void adapterOfAnotherModel_isRefused() throws IOException {
        try (CausalLm model = small()) {
            Adapter foreign = Adapter.load(MODELS.resolve("llama-gqa/adapter-all"));

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.model().addAdapter("default", foreign))
                    .withMessageContaining("The adapter was made for another base model");
            assertThat(model.model().adapterNames()).isEmpty();
        }
    }

    @Test
    void settings_outOfRange_areToldTogether() throws IOException {
        try (CausalLm model = small()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> CausalLmTrainer.builder(model)
                            .epochs(0)
                            .maxLength(49)
                            .learningRate(-1)
                            .build())
                    .withMessageContaining("3 problems")
                    .withMessageContaining("maxLength = 49, expected 2 to the context of 48");
        }
    }

    @Test
    void jsonLines_haveThreeForms_andProblemsNameTheirLine() throws IOException {
        Path file = directory.resolve("data.jsonl");
        Files.writeString(file, """
                {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}

                {"prompt": "1 + 1 =", "completion": " 2", "kind": "sums"}
                {"text": "Once."}
                {"story": "Once."}
                {"messages": [{"content": "Hi"}]}
                [1]
                """);
        List<String> skipped = new ArrayList<>();

        List<LmExample> examples = LmExample.jsonLines(file, skipped::add);

        assertThat(examples).hasSize(3);
        assertThat(examples.get(0).content()).isInstanceOf(LmExample.Conversation.class);
        assertThat(examples.get(1).kind()).isEqualTo("sums");
        assertThat(examples.get(1).where("train", 1)).isEqualTo("train[1] (\"data.jsonl\", line 3)");
        assertThat(examples.get(2).content()).isEqualTo(new LmExample.Text("Once."));
        assertThat(skipped).hasSize(3);
        assertThatThrownBy(() -> LmExample.jsonLines(file))
                .hasMessageContaining("line 5: the fields are \"story\", expected messages, or prompt and completion")
                .hasMessageContaining("line 6: messages[0]: role is null, expected a text")
                .hasMessageContaining("line 7, column 1 is another value, expected a JSON object");
    }
}
