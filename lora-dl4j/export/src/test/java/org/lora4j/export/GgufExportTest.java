/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.LoraConfig.Builder;
import org.lora4j.config.Scaling;
import org.lora4j.internal.array.io.HalfFloats;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.lora4j.language.TinyLlama2c;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Files as the specification has them; what llama.cpp makes of them is judged by {@code LlamaCppTest}. */
class GgufExportTest {

    private static final String QUERY = "model.layers.0.self_attn.q_proj";
    private static final String DOWN = "model.layers.1.mlp.down_proj";

    @TempDir
    private Path folder;

    private Path base;

    @BeforeEach
    void convert() throws IOException {
        base = TinyLlama2c.convert(folder, true);
    }

    private GgufFile written(GgufExport export) throws IOException {
        export.write(folder.resolve("out"));
        return GgufFile.read(folder.resolve("out").resolve(GgufExport.FILE));
    }

    @Test
    void metadata_isThatOfTheArchitecture() throws IOException {
        GgufFile file = written(GgufExport.of(base).card(ModelCard.of("someone/tiny", "mit")));

        Map<String, Object> expected = new LinkedHashMap<>();
        expected.put("general.architecture", "llama");
        expected.put("general.type", "model");
        expected.put("general.name", "someone/tiny");
        expected.put("general.file_type", 0);
        expected.put("general.quantization_version", 2);
        expected.put("llama.block_count", 2);
        expected.put("llama.context_length", 5);
        expected.put("llama.embedding_length", 32);
        expected.put("llama.feed_forward_length", 12);
        expected.put("llama.attention.head_count", 2);
        expected.put("llama.attention.head_count_kv", 1);
        expected.put("llama.attention.key_length", 16);
        expected.put("llama.attention.value_length", 16);
        expected.put("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        expected.put("llama.rope.dimension_count", 16);
        expected.put("llama.rope.freq_base", 10_000f);
        expected.put("llama.vocab_size", 266);
        expected.put("tokenizer.ggml.model", "llama");
        expected.put("tokenizer.ggml.pre", "default");
        expected.put("tokenizer.ggml.add_space_prefix", true);
        expected.put("tokenizer.ggml.bos_token_id", 1);
        expected.put("tokenizer.ggml.eos_token_id", 2);
        expected.put("tokenizer.ggml.unknown_token_id", 0);
        expected.put("tokenizer.ggml.add_bos_token", true);
        expected.put("tokenizer.ggml.add_eos_token", false);
        List<?> tokens = (List<?>) file.metadata.remove("tokenizer.ggml.tokens");
        List<?> scores = (List<?>) file.metadata.remove("tokenizer.ggml.scores");
        List<?> types = (List<?>) file.metadata.remove("tokenizer.ggml.token_type");
        assertThat(file.metadata).containsExactlyInAnyOrderEntriesOf(expected);
        assertThat(tokens.subList(0, 4)).isEqualTo(List.of("<unk>", "<s>", "</s>", "<0x00>"));
        assertThat(tokens.subList(258, 263)).isEqualTo(List.of("<0xFF>", "▁a", "ab", "▁ab", "▁"));
        // Merged first, second, third; single characters are never what a pair becomes.
        assertThat(scores.subList(258, 263)).isEqualTo(List.of(0f, -1f, -2f, -3f, 0f));
        assertThat(types.subList(0, 4)).isEqualTo(List.of(2, 3, 3, 6));
        assertThat(types.subList(258, 263)).isEqualTo(List.of(6, 1, 1, 1, 1));
    }

    @Test
    void tensors_haveTheNamesAndSizesOfTheArchitecture() throws IOException {
        GgufFile file = written(GgufExport.of(base));

        Map<String, List<Long>> sizes = new LinkedHashMap<>();
        file.tensors.forEach((name, tensor) -> sizes.put(name, tensor.sizes()));
        Map<String, List<Long>> expected = new LinkedHashMap<>();
        expected.put("token_embd.weight", List.of(32L, 266L));
        expected.put("output_norm.weight", List.of(32L));
        for (int layer = 0; layer < 2; layer++) {
            String blk = "blk." + layer + ".";
            expected.put(blk + "attn_norm.weight", List.of(32L));
            expected.put(blk + "attn_q.weight", List.of(32L, 32L));
            expected.put(blk + "attn_k.weight", List.of(32L, 16L));
            expected.put(blk + "attn_v.weight", List.of(32L, 16L));
            expected.put(blk + "attn_output.weight", List.of(32L, 32L));
            expected.put(blk + "ffn_norm.weight", List.of(32L));
            expected.put(blk + "ffn_gate.weight", List.of(32L, 12L));
            expected.put(blk + "ffn_up.weight", List.of(32L, 12L));
            expected.put(blk + "ffn_down.weight", List.of(12L, 32L));
        }
        assertThat(sizes).containsExactlyInAnyOrderEntriesOf(expected);
    }

    /** llama2.c turns neighbors, too, so its rows are in the order that llama.cpp wants. */
    @Test
    void rowsOfQueries_areInPairsAgain() throws IOException {
        GgufFile.Tensor queries = written(GgufExport.of(base)).tensors.get("blk.0.attn_q.weight");

        for (int i = 0; i < 32 * 32; i++) {
            assertThat(queries.f32(i))
                    .as("element %d", i)
                    .isEqualTo(TinyLlama2c.weight(TinyLlama2c.BEFORE_QUERIES + i));
        }
    }

    @Test
    void eightBits_areForWholeBlocks_otherRowsStayInHalfPrecision_asTheReportSays() throws IOException {
        ExportReport report = GgufExport.of(base).type(GgufType.Q8_0).write(folder.resolve("out"));
        GgufFile file = GgufFile.read(folder.resolve("out").resolve(GgufExport.FILE));

        assertThat(file.metadata).containsEntry("general.file_type", 7);
        Map<String, Integer> types = new LinkedHashMap<>();
        file.tensors.forEach((name, tensor) -> types.put(name, tensor.type()));
        assertThat(types)
                .containsEntry("blk.0.attn_q.weight", 8)
                .containsEntry("token_embd.weight", 8)
                .containsEntry("blk.0.ffn_down.weight", 1)
                .containsEntry("blk.0.ffn_norm.weight", 0);
        assertThat(report.notes())
                .containsExactly("rows of \"blk.0.ffn_down\", \"blk.1.ffn_down\" are no multiple of 32 numbers and are"
                        + " stored in half precision");
        // Half a step of 1/127 of the largest magnitude, 1.5, and the rounding of that step.
        assertThat(report.largestError()).isBetween(0.004, 1.5 / 127 / 2 + 1.5 / 2048);
        // Weights are n / 32 with n from -48 to 48, exact in half precision.
        GgufFile.Tensor down = file.tensors.get("blk.0.ffn_down.weight");
        DecoderWeights weights = DecoderWeights.read(base, WeightStorage.AS_STORED);
        assertThat(HalfFloats.fromF16(down.data().getShort(2 * 13)))
                .isEqualTo(weights.array("model.layers.0.mlp.down_proj.weight").getFloat(1, 1));
    }

    @Test
    void adapters_areMerged_andTheReportNamesWhatChanged() throws IOException {
        LoraConfig config = config(builder -> builder.targetModules(DOWN));
        Adapter adapter = Adapter.of(config, Map.of(DOWN, pair(2, 12, 32, 1)), Map.of());

        ExportReport report = GgufExport.of(base).adapter(adapter).write(folder.resolve("out"));

        assertThat(report.changed()).containsExactly(DOWN + ".weight");
        INDArray expected = DecoderWeights.read(base, WeightStorage.AS_STORED)
                .array(DOWN + ".weight")
                .add(adapter.modules()
                        .get(DOWN)
                        .get("lora_B.weight")
                        .mmul(adapter.modules().get(DOWN).get("lora_A.weight"))
                        .mul(2));
        GgufFile.Tensor found = GgufFile.read(folder.resolve("out").resolve(GgufExport.FILE))
                .tensors
                .get("blk.1.ffn_down.weight");
        for (int i = 0; i < 12 * 32; i++) {
            assertThat(found.f32(i)).isCloseTo(expected.getFloat(i / 12, i % 12), within(1e-6f));
        }
    }

    @Test
    void valueBeyondHalfPrecision_isRefused_andNothingIsLeft() throws IOException {
        Map<String, INDArray> wide = Map.of(
                "lora_A.weight", Nd4j.ones(DataType.FLOAT, 2, 12),
                "lora_B.weight", Nd4j.valueArrayOf(new long[] {32, 2}, 70_000f, DataType.FLOAT));
        Adapter adapter = Adapter.of(config(builder -> builder.targetModules(DOWN)), Map.of(DOWN, wide), Map.of());
        GgufExport export = GgufExport.of(base).adapter(adapter).type(GgufType.F16);

        assertThatThrownBy(() -> export.write(folder.resolve("out")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "GgufExport: tensor \"blk.1.ffn_down.weight\" holds NaN or a number beyond the range of F16,"
                                + " expected finite numbers, or a wider type");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("tiny.bin", "tok.bin", "tiny-tied");
        }
    }

    @Test
    void scoresOfTheFile_areTaken_ifTheyMergeInTheSameOrder() throws IOException {
        float[] scores = new float[266];
        IntStream.range(259, 266).forEach(id -> scores[id] = 500 - 2 * id);

        assertThat(written(GgufExport.of(base).scores(scores)).metadata.get("tokenizer.ggml.scores"))
                .asInstanceOf(InstanceOfAssertFactories.LIST)
                .contains(-18f, -20f, -22f);
    }

    @Test
    void scoresOfAnotherOrder_areRefused() {
        float[] scores = new float[266];
        scores[260] = 1;

        assertThatThrownBy(() -> GgufExport.of(base).scores(scores).write(folder.resolve("out")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "token \"▁a\" has the score 0.0 and \"ab\", merged later, 1.0, expected a lower one");
        assertThatThrownBy(() -> GgufExport.of(base).scores(new float[5]).write(folder.resolve("out")))
                .hasMessageContaining("5 scores, expected 266, one for each token");
    }

    /** A change of a field of a file, by the path to it. */
    private static Arguments field(String what, String file, String path, Object value, String message) {
        return arguments(what, file, path, value, message);
    }

    static Stream<Arguments> others() {
        String config = "config.json";
        String tokenizer = "tokenizer.json";
        return Stream.of(
                field("another activation", config, "hidden_act", "gelu", "hidden_act is GELU, expected SILU"),
                field(
                        "part of a head turned",
                        config,
                        "rope_parameters",
                        Map.of("partial_rotary_factor", 0.5),
                        "8 of 16 entries of a head are turned, expected all"),
                field("a unigram", tokenizer, "model.type", "Unigram", "of the kind \"Unigram\", expected \"BPE\""),
                field("a normalizer", tokenizer, "normalizer", Map.of("type", "NFKC"), "the normalizer is"),
                field(
                        "a pre-tokenizer",
                        tokenizer,
                        "pre_tokenizer",
                        Map.of("type", "Whitespace"),
                        "expected that spaces become U+2581 and nothing else changes"),
                field("no merges", tokenizer, "model.merges", List.of(), "make the token"),
                field(
                        "merges out of order",
                        tokenizer,
                        "model.merges",
                        List.of("▁a b", "▁ a", "a b", "▁ ab"),
                        "pairs that make the token \"▁ab\" are at several places"),
                field("a merge of no tokens", tokenizer, "model.merges", List.of("x y"), "merge \"x y\", expected"),
                field("dropout", tokenizer, "model.dropout", 0.1, "the tokenizer has dropout"),
                field(
                        "bytes without words",
                        tokenizer,
                        "model.byte_fallback",
                        false,
                        "expected that of one of \"gpt-2\", \"llama-bpe\", \"smollm\""),
                field(
                        "another beginning",
                        tokenizer,
                        "post_processor",
                        Map.of("type", "BertProcessing"),
                        "the post-processor is \"BertProcessing\""),
                field(
                        "a token that takes spaces",
                        tokenizer,
                        "added_tokens",
                        List.of(Map.of("id", 1, "content", "<s>", "special", true, "lstrip", true)),
                        "token \"<s>\" has lstrip"),
                field(
                        "an id beyond the table",
                        tokenizer,
                        "added_tokens",
                        List.of(Map.of("id", 266, "content", "<new>", "special", true)),
                        "token \"<new>\" has the id 266, expected one below 266"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("others")
    void whatLlamaCppWouldDoInAnotherWay_isRefused(String what, String file, String path, Object value, String message)
            throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>(JsonObjects.read(base.resolve(file)));
        String[] steps = path.split("\\.");
        if (steps.length == 2) {
            Map<String, Object> inner = new LinkedHashMap<>();
            ((Map<?, ?>) fields.get(steps[0])).forEach((key, each) -> inner.put(key.toString(), each));
            inner.put(steps[1], value);
            fields.put(steps[0], inner);
        } else {
            fields.put(path, value);
        }
        JsonObjects.write(base.resolve(file), fields);

        assertThatThrownBy(() -> GgufExport.of(base).write(folder.resolve("out")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void spacesThatLlamaCppPutsInMoreCases_areNoted() throws IOException {
        Map<String, Object> tokenizer = new LinkedHashMap<>(JsonObjects.read(base.resolve("tokenizer.json")));
        tokenizer.put("normalizer", null);
        tokenizer.put(
                "pre_tokenizer",
                Map.of("type", "Metaspace", "replacement", "▁", "prepend_scheme", "first", "split", false));
        JsonObjects.write(base.resolve("tokenizer.json"), tokenizer);

        ExportReport report = GgufExport.of(base).write(folder.resolve("out"));

        assertThat(report.notes())
                .containsExactly(
                        "llama.cpp puts a space before every text, the tokenizer only before one that begins with none",
                        "llama.cpp puts a space behind a special token within a text, the tokenizer does not");
    }

    @Test
    void modelWithoutTokenizerOrEnd_isRefused() throws IOException {
        Files.delete(base.resolve("tokenizer_config.json"));
        Map<String, Object> config = new LinkedHashMap<>(JsonObjects.read(base.resolve("config.json")));
        config.remove("eos_token_id");
        JsonObjects.write(base.resolve("config.json"), config);
        Files.delete(base.resolve("generation_config.json"));

        assertThatThrownBy(() -> GgufExport.of(base).write(folder.resolve("out")))
                .hasMessageContaining("no file names an eos_token that the tokenizer has");
        Files.delete(base.resolve("tokenizer.json"));
        assertThatThrownBy(() -> GgufExport.of(base).write(folder.resolve("out")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("there is no tokenizer.json beside the model");
    }

    @Test
    void adapterFile_hasPairsByTheNamesOfTheBase_rowsOfBAsThoseOfQueries() throws IOException {
        LoraConfig config = config(builder -> builder.targetModules("q_proj", "down_proj"));
        Adapter adapter = Adapter.of(config, Map.of(QUERY, pair(2, 32, 32, 1), DOWN, pair(2, 12, 32, 2)), Map.of());

        ExportReport report = GgufAdapterExport.of(base, adapter).write(folder.resolve("out"));

        assertThat(report.notes()).isEmpty();
        assertThat(report.changed()).containsExactly(QUERY, DOWN);
        GgufFile file = GgufFile.read(folder.resolve("out").resolve(GgufAdapterExport.FILE));
        assertThat(file.metadata)
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "general.type",
                        "adapter",
                        "general.architecture",
                        "llama",
                        "general.file_type",
                        0,
                        "adapter.type",
                        "lora",
                        "adapter.lora.alpha",
                        4f));
        assertThat(file.tensors.keySet())
                .containsExactly(
                        "blk.0.attn_q.weight.lora_a",
                        "blk.0.attn_q.weight.lora_b",
                        "blk.1.ffn_down.weight.lora_a",
                        "blk.1.ffn_down.weight.lora_b");
        GgufFile.Tensor b = file.tensors.get("blk.0.attn_q.weight.lora_b");
        INDArray factor = adapter.modules().get(QUERY).get("lora_B.weight");
        assertThat(b.sizes()).containsExactly(2L, 32L);
        // Pairs of rows in the file are row i and row 8 + i of a head of 16.
        assertThat(new float[] {b.f32(0), b.f32(2), b.f32(4), b.f32(2 * 17)})
                .containsExactly(
                        factor.getFloat(0, 0), factor.getFloat(8, 0), factor.getFloat(1, 0), factor.getFloat(24, 0));
    }

    @Test
    void alphaOfAModule_andOtherRanks_areFoldedIntoB_asTheReportSays() throws IOException {
        LoraConfig config = config(builder -> builder.targetModules("q_proj", "down_proj")
                .rankPattern(Map.of("down_proj", 4))
                .alphaPattern(Map.of("down_proj", 32.0)));
        Adapter adapter = Adapter.of(
                config,
                Map.of(
                        QUERY,
                        pair(2, 32, 32, 1),
                        "model.layers.1.self_attn.q_proj",
                        pair(2, 32, 32, 4),
                        DOWN,
                        pair(4, 12, 32, 2)),
                Map.of());

        ExportReport report = GgufAdapterExport.of(base, adapter).write(folder.resolve("out"));

        GgufFile file = GgufFile.read(folder.resolve("out").resolve(GgufAdapterExport.FILE));
        // llama.cpp's scale is 4 over the rank of a pair: 1 for rank 4, and 8 is wanted.
        assertThat(file.metadata).containsEntry("adapter.lora.alpha", 4f);
        assertThat(file.tensors.get("blk.1.ffn_down.weight.lora_b").f32(0))
                .isEqualTo(8 * adapter.modules().get(DOWN).get("lora_B.weight").getFloat(0, 0));
        assertThat(report.notes())
                .containsExactly("the file has one alpha, 4.0; B of \"" + DOWN
                        + "\" was multiplied, so that the scale is theirs");
    }

    @Test
    void rankStabilization_isAValueOfAlpha() throws IOException {
        LoraConfig config = config(builder -> builder.targetModules("down_proj").scalingRule(Scaling.RANK_STABILIZED));
        Adapter adapter = Adapter.of(config, Map.of(DOWN, pair(2, 12, 32, 2)), Map.of());

        GgufAdapterExport.of(base, adapter).type(GgufType.F16).write(folder.resolve("out"));

        // The scale is 4 / sqrt 2, and llama.cpp divides by 2.
        GgufFile file = GgufFile.read(folder.resolve("out").resolve(GgufAdapterExport.FILE));
        assertThat((float) file.metadata.get("adapter.lora.alpha")).isCloseTo(5.656854f, within(1e-6f));
        assertThat(file.tensors.get("blk.1.ffn_down.weight.lora_a").type()).isOne();
    }

    static Stream<Arguments> adapters() {
        Map<String, Map<String, INDArray>> down = Map.of(DOWN, pair(2, 12, 32, 2));
        Map<String, INDArray> dora = new LinkedHashMap<>(pair(2, 12, 32, 2));
        dora.put("lora_magnitude_vector", Nd4j.ones(DataType.FLOAT, 32));
        return Stream.of(
                arguments(
                        "DoRA",
                        Adapter.of(
                                config(builder ->
                                        builder.targetModules("down_proj").dora(true)),
                                Map.of(DOWN, dora),
                                Map.of()),
                        "AdapterConversion.of(adapter).rank(rank).on(weights)"),
                arguments(
                        "a head in full",
                        Adapter.of(
                                config(builder ->
                                        builder.targetModules("down_proj").modulesToSave("lm_head")),
                                down,
                                Map.of("lm_head.weight", Nd4j.zeros(DataType.FLOAT, 266, 32))),
                        "parameters \"lm_head.weight\" were trained in full, expected none"),
                arguments(
                        "biases",
                        Adapter.of(
                                config(builder ->
                                        builder.targetModules("down_proj").bias(BiasTraining.ADAPTED_ONLY)),
                                down,
                                Map.of(DOWN + ".bias", Nd4j.zeros(DataType.FLOAT, 32))),
                        "biases were trained"),
                arguments(
                        "a module of another model",
                        Adapter.of(
                                config(builder -> builder.targetModules("fc")),
                                Map.of("model.layers.0.fc", pair(2, 12, 32, 2)),
                                Map.of()),
                        "module \"model.layers.0.fc\" is none of the architecture"),
                arguments(
                        "a tied head",
                        Adapter.of(
                                config(builder -> builder.targetModules("lm_head")),
                                Map.of("lm_head", pair(2, 32, 266, 2)),
                                Map.of()),
                        "module \"lm_head\" is a tied head"),
                arguments(
                        "factors of another size",
                        Adapter.of(
                                config(builder -> builder.targetModules("down_proj")),
                                Map.of(DOWN, pair(2, 13, 32, 2)),
                                Map.of()),
                        "has A [2, 13] and B [32, 2], expected those of a weight [32, 12]"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("adapters")
    void adapterThatTheFileCannotHold_isRefused(String what, Adapter adapter, String message) {
        assertThatThrownBy(() -> GgufAdapterExport.of(base, adapter).write(folder.resolve("out")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    private static LoraConfig config(UnaryOperator<Builder> more) {
        return more.apply(LoraConfig.builder().rank(2).alpha(4)).build();
    }

    /** Multiples of 1/16, so that sums are exact. */
    private static Map<String, INDArray> pair(int rank, int in, int out, int seed) {
        INDArray a = Nd4j.createUninitialized(DataType.FLOAT, rank, in);
        INDArray b = Nd4j.createUninitialized(DataType.FLOAT, out, rank);
        for (int i = 0; i < rank * in; i++) {
            a.putScalar(i, (i * seed % 7 - 3) / 16.0);
        }
        for (int i = 0; i < out * rank; i++) {
            b.putScalar(i, (i * seed % 11 - 5) / 16.0);
        }
        return Map.of("lora_A.weight", a, "lora_B.weight", b);
    }
}
