/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.LayerReplication;
import org.lora4j.config.LoraConfig;
import org.lora4j.internal.language.decode.DecodeSession;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What {@link CausalLm} adds to the session and the graph, which the golden cases judge. */
class CausalLmTest {

    private static final Path MODELS = Path.of("src/test/resources/language/models");
    private static final List<int[]> PROMPTS =
            List.of(new int[] {3, 17, 5}, new int[] {9, 2, 44, 31, 8, 7}, new int[] {1});
    private static final GenerationConfig GREEDY =
            GenerationConfig.builder().maxNewTokens(12).eosTokenIds().build();

    /** Of values of about 10 in F32, computed in another order. */
    private static final double ROUNDING = 1e-4;

    private static CausalLm model() throws IOException {
        return CausalLm.load(MODELS.resolve("llama-gqa"));
    }

    private static List<int[]> ids(CausalLm model, List<int[]> prompts, GenerationConfig config) {
        return model.generateIds(prompts, config, token -> true).stream()
                .map(Generation::newIds)
                .toList();
    }

    @Test
    void generate_whenSampling_givesEqualTextsAloneAndSideBySide() throws IOException {
        CausalLm model = model();
        GenerationConfig config = GenerationConfig.builder()
                .doSample(true)
                .temperature(1.5)
                .maxNewTokens(12)
                .eosTokenIds()
                .seed(5)
                .build();

        List<int[]> together = ids(model, PROMPTS, config);

        for (int i = 0; i < PROMPTS.size(); i++) {
            assertThat(ids(model, List.of(PROMPTS.get(i)), config).get(0)).containsExactly(together.get(i));
        }
        assertThat(ids(model, PROMPTS, config.toBuilder().seed(6).build()).get(0))
                .isNotEqualTo(together.get(0));
    }

    @Test
    void generate_withSeveralTextsOfAPrompt_groupsThemByPrompt() throws IOException {
        GenerationConfig config = GenerationConfig.builder()
                .doSample(true)
                .maxNewTokens(4)
                .eosTokenIds()
                .numReturnSequences(11)
                .seed(1)
                .build();

        List<Generation> texts = model().generateIds(PROMPTS, config, token -> true);

        assertThat(texts).hasSize(33);
        assertThat(texts.get(12).promptIds()).containsExactly(PROMPTS.get(1));
        assertThat(texts.subList(0, 11).stream()
                        .map(text -> Arrays.toString(text.newIds()))
                        .distinct())
                .hasSizeGreaterThan(5);
    }

    @Test
    void generate_whenTheListenerHasEnough_endsThatTextOnly() throws IOException {
        List<Generation> texts = model().generateIds(PROMPTS, GREEDY, token -> token.prompt() != 1);

        assertThat(texts.get(1).newIds()).hasSize(1);
        assertThat(texts.get(1).finishReason()).isEqualTo(FinishReason.CANCELLED);
        assertThat(texts.get(0).newIds()).hasSize(12);
        assertThat(DecodeSession.openSessions()).isZero();
    }

    @Test
    void generate_whenTheListenerFails_closesItsSession() throws IOException {
        CausalLm model = model();

        assertThatIllegalStateException()
                .isThrownBy(() -> model.generateIds(PROMPTS, GREEDY, token -> {
                    throw new IllegalStateException("enough");
                }))
                .withMessage("enough");
        assertThat(DecodeSession.openSessions()).isZero();
    }

    @Test
    void generate_whenPromptsAreBad_namesAllAndComputesNothing() throws IOException {
        CausalLm model = model();
        List<int[]> bad = List.of(new int[0], new int[] {3, -1}, new int[] {4_000}, new int[200]);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.generateIds(bad, GREEDY, token -> true))
                .withMessageContaining("prompt 0: ")
                .withMessageContaining("it is empty")
                .withMessageContaining("prompt 1 has the id -1")
                .withMessageContaining("prompt 2 has the id 4000");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.generateIds(List.of(new int[200]), GREEDY, token -> true))
                .withMessageContaining("200 tokens, expected fewer than the context of 128");
    }

    @Test
    void generate_whenTheContextIsFull_endsThereOrDropsTheOldest() throws IOException {
        CausalLm model = model();
        int[] longest = IntStream.range(0, 125).map(i -> 1 + i % 90).toArray();

        Generation full =
                model.generateIds(List.of(longest), GREEDY, token -> true).get(0);
        Generation dropped = model.generateIds(
                        List.of(longest), GREEDY.toBuilder().dropOldest(true).build(), token -> true)
                .get(0);

        assertThat(full.finishReason()).isEqualTo(FinishReason.CONTEXT_FULL);
        assertThat(full.newIds()).hasSize(3);
        assertThat(dropped.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(dropped.promptIds()).containsExactly(Arrays.copyOfRange(longest, 9, 125));
    }

    @Test
    void generate_withoutATokenizer_saysWhatIsMissing() throws IOException {
        CausalLm model = model();

        assertThatIllegalStateException()
                .isThrownBy(() -> model.generate("text", GREEDY))
                .withMessageContaining("no tokenizer.json");
        assertThatIllegalStateException()
                .isThrownBy(() -> model.chat(List.of(ChatMessage.user("text")), GREEDY))
                .withMessageContaining("no chat template");
    }

    @Test
    void logProbabilities_areThoseOfTheGraph() throws IOException {
        CausalLm model = model();
        int[] ids = {3, 17, 5, 60, 2};

        INDArray logits = model.model()
                .output(model.inputs(new int[][] {ids}, new int[][] {{1, 1, 1, 1, 1}}), "logits")
                .get("logits");

        double[] found = model.logProbabilities(ids);
        for (int t = 0; t < found.length; t++) {
            double sum = 0;
            for (int id = 0; id < model.vocabularySize(); id++) {
                sum += Math.exp(logits.getDouble(0, t, id));
            }
            assertThat(found[t]).isCloseTo(logits.getDouble(0, t, ids[t + 1]) - Math.log(sum), within(ROUNDING));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "gpt2-basic", "phi3-partial-rotary", "gemma3-text"})
    void generate_withMethodsThatAreNoPair_actsAsTheGraphDoes(String name) throws IOException {
        CausalLm model = CausalLm.load(MODELS.resolve(name));
        String query = name.startsWith("gpt2") ? "c_attn" : name.startsWith("phi3") ? "qkv_proj" : "q_proj";
        String down = name.startsWith("gpt2") ? "c_fc" : "down_proj";
        model.model().addAdapter("ia3", Ia3Config.builder().targetModules(down).build(), 1);
        model.model()
                .addAdapter(
                        "dora",
                        LoraConfig.builder()
                                .rank(2)
                                .dora(true)
                                .targetModules(query)
                                .build(),
                        2);
        model.model()
                .addAdapter(
                        "lora",
                        LoraConfig.builder().rank(2).targetModules(query).build(),
                        3);
        model.model().activate("ia3", "dora", "lora");
        model.model().setTrainable("ia3", true);
        model.model().setTrainable("dora", true);
        model.model().setTrainable("lora", true);
        model.model()
                .trainableParameters()
                .forEach(parameter -> parameter.value().addi(0.3));
        int[] ids = {3, 17, 5, 60, 2};

        double[] adapted = model.logProbabilities(ids);

        INDArray logits = model.model()
                .output(model.inputs(new int[][] {ids}, new int[][] {{1, 1, 1, 1, 1}}), "logits")
                .get("logits");
        double sum = 0;
        for (int id = 0; id < model.vocabularySize(); id++) {
            sum += Math.exp(logits.getDouble(0, 3, id));
        }
        assertThat(adapted[3]).isCloseTo(logits.getDouble(0, 3, 2) - Math.log(sum), within(10 * ROUNDING));
        model.model().disable();
        assertThat(model.logProbabilities(ids)[3]).isNotCloseTo(adapted[3], within(10 * ROUNDING));
    }

    @ParameterizedTest
    @EnumSource(CausalLm.Storage.class)
    void load_inFewerBits_isSmallerAndNearlyTheSame(CausalLm.Storage storage) throws IOException {
        CausalLm exact = model();
        CausalLm model = CausalLm.load(MODELS.resolve("llama-gqa"), storage);
        int[] ids = {3, 17, 5, 60, 2};

        assertThat(model.bytes()).isLessThanOrEqualTo(exact.bytes());
        assertThat(storage == CausalLm.Storage.AS_STORED || model.bytes() < 0.4 * exact.bytes())
                .isTrue();
        // Random weights of a width of 48 are off by a few percent in four bits.
        assertThat(model.logProbabilities(ids)).containsExactly(exact.logProbabilities(ids), within(1.5));
        INDArray logits = model.model()
                .output(model.inputs(new int[][] {ids}, new int[][] {{1, 1, 1, 1, 1}}), "logits")
                .get("logits");
        assertThat(logits.shape()).containsExactly(1, 5, model.vocabularySize());
    }

    @Test
    void replicated_repeatsLayersAndSharesTheirWeights() throws IOException {
        CausalLm model = model();

        CausalLm deeper = model.replicated(LayerReplication.of(0, 2, 1, 2));

        assertThat(deeper.model().modules())
                .extracting(module -> module.path())
                .contains("model.layers.2.mlp.down_proj");
        assertThat(deeper.bytes()).isEqualTo(model.bytes());
        assertThat(ids(deeper, PROMPTS, GREEDY).get(0))
                .isNotEqualTo(ids(model, PROMPTS, GREEDY).get(0));
    }

    @Test
    void generate_fromManyThreads_givesWhatOneGives() throws Exception {
        CausalLm model = model();
        model.model().addAdapter("a", Adapter.load(MODELS.resolve("llama-gqa/adapter-all")));
        model.model().activate("a");
        List<int[]> expected = ids(model, PROMPTS, GREEDY);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<List<int[]>>> all = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                Callable<List<int[]>> work = () -> ids(model, PROMPTS, GREEDY);
                all.add(threads.submit(work));
            }
            for (Future<List<int[]>> each : all) {
                assertThat(each.get().toArray(int[][]::new)).isDeepEqualTo(expected.toArray(int[][]::new));
            }
        } finally {
            threads.shutdown();
        }
        assertThat(DecodeSession.openSessions()).isZero();
    }

    @Test
    void load_whenThereIsNoSuchDirectory_saysSo() {
        assertThatThrownBy(() -> CausalLm.load(Path.of("none/at/all")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("none");
        assertThat(Files.exists(MODELS)).isTrue();
    }
}
