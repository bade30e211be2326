/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.StorageType;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.huggingface.ConfigText;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.lora4j.language.TinyLlama2c;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Directories by their layout; those of all golden decoders are read back by {@code CausalLmExportGoldenTest}. */
class CausalLmExportTest {

    private static final String VALUE = "model.layers.1.self_attn.v_proj";

    @TempDir
    private Path folder;

    private Path base;

    @BeforeEach
    void convert() throws IOException {
        base = TinyLlama2c.convert(folder, true);
    }

    @Test
    void directory_hasEveryFileOfTheBase_andACard() throws IOException {
        Files.writeString(base.resolve("chat_template.jinja"), "{{ messages }}");
        Files.writeString(base.resolve("notes.txt"), "of no use");

        ExportReport report = CausalLmExport.of(base).write(folder.resolve("out"));

        assertThat(report.files())
                .containsExactly(
                        "README.md",
                        "chat_template.jinja",
                        "config.json",
                        "generation_config.json",
                        "model.safetensors",
                        "special_tokens_map.json",
                        "tokenizer.json",
                        "tokenizer_config.json");
        for (String file : List.of("tokenizer.json", "generation_config.json", "chat_template.jinja", "config.json")) {
            assertThat(folder.resolve("out").resolve(file)).hasSameBinaryContentAs(base.resolve(file));
        }
    }

    @ParameterizedTest
    @CsvSource({"F16, float16, HALF", "BF16, bfloat16, BFLOAT16", "F32, float32, FLOAT"})
    void config_isThatOfTheBase_butForTheType(StorageType type, String name, DataType read) throws IOException {
        String config = "{ \"model_type\": \"llama\", \"nested\": {\"dtype\" : \"int8\"},\n\t\"dtype\":\"float32\" ,\n"
                + Files.readString(base.resolve("config.json")).strip().substring(1);
        Files.writeString(base.resolve("config.json"), config.replaceFirst(",\\s*\"model_type\" : \"llama\"", ""));
        String before = Files.readString(base.resolve("config.json"));

        CausalLmExport.of(base).type(type).write(folder.resolve("out"));

        String expected = before.replace("\"dtype\":\"float32\" ", "\"dtype\":\"" + name + "\" ")
                .replace("\"torch_dtype\" : \"float32\"", "\"torch_dtype\" : \"" + name + "\"");
        assertThat(folder.resolve("out/config.json")).hasContent(expected);
        assertThat(DecoderWeights.read(folder.resolve("out"), WeightStorage.AS_STORED)
                        .array(VALUE + ".weight")
                        .dataType())
                .isEqualTo(read);
    }

    @Test
    void config_withoutAType_getsOne() throws IOException {
        String config = Files.readString(base.resolve("config.json"));
        Files.writeString(base.resolve("config.json"), config.replaceFirst("\\s*\"torch_dtype\"[^,]*,", ""));

        CausalLmExport.of(base).type(StorageType.BF16).write(folder.resolve("out"));

        assertThat(JsonObjects.read(folder.resolve("out/config.json")))
                .containsEntry("torch_dtype", "bfloat16")
                .containsAllEntriesOf(JsonObjects.read(base.resolve("config.json")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'dtype':null}|{'dtype':'float16'}",
                "{'a': {'dtype': 'x'}, 'torch_dtype' :'b\\'b' , 'z':1}|{'a': {'dtype': 'x'}, 'torch_dtype' :'float16' , 'z':1}",
                "{'z':[{'dtype':2}]}|{~  'torch_dtype': 'float16','z':[{'dtype':2}]}"
            },
            quoteCharacter = '`')
    void typeInAConfig_isReplaced_andNothingElse(String before, String after) throws IOException {
        Path file = Files.writeString(folder.resolve("c.json"), before.replace('\'', '"'));

        assertThat(ConfigText.retyped(file, "float16"))
                .isEqualTo(after.replace('\'', '"').replace('~', '\n'));
    }

    @Test
    void typeThatIsNoName_isRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("c.json"), "{\"dtype\": {\"a\": 1}}");

        assertThatThrownBy(() -> ConfigText.retyped(file, "float16"))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("c.json: dtype is a");
    }

    /** Embeddings of 266 x 32 numbers have 34048 bytes, a layer 4 x 2 x 32 and 4 x (3072 + 1152). */
    @Test
    void filesOfSoManyBytes_areNamedByAnIndex() throws IOException {
        ExportReport report = CausalLmExport.of(base).shardBytes(10_000).write(folder.resolve("out"));

        Map<String, Object> index = JsonObjects.read(folder.resolve("out/model.safetensors.index.json"));
        Map<?, ?> places = (Map<?, ?>) index.get("weight_map");
        assertThat((Object) places.get("model.embed_tokens.weight")).isEqualTo("model-00001-of-00005.safetensors");
        assertThat(places.keySet()).hasSize(20);
        long bytes = 4L * (266 * 32 + 32 + 2 * (2 * 32 + 3072 + 1152));
        assertThat(((Map<?, ?>) index.get("metadata")).get("total_size")).isEqualTo((int) bytes);
        assertThat(report.files()).contains("model-00005-of-00005.safetensors").doesNotContain("model.safetensors");
        try (Stream<Path> files = Files.list(folder.resolve("out"))) {
            assertThat(files.filter(file -> file.toString().endsWith("of-00005.safetensors")
                            && !file.toString().contains("00001")))
                    .hasSize(4)
                    .allSatisfy(file -> assertThat(Files.size(file)).isLessThan(10_000 + 2_000));
        }
        DecoderWeights before = DecoderWeights.read(base, WeightStorage.AS_STORED);
        DecoderWeights after = DecoderWeights.read(folder.resolve("out"), WeightStorage.AS_STORED);
        assertThat(after.names())
                .isEqualTo(before.names())
                .allSatisfy(name -> assertThat(after.array(name)).isEqualTo(before.array(name)));
    }

    @Test
    void adapterOfEmbeddingsThatAHeadShares_isRefused() {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .alpha(2)
                .targetModules("v_proj")
                .modulesToSave("embed_tokens")
                .build();
        Adapter adapter = Adapter.of(
                config,
                Map.of(
                        VALUE,
                        Map.of(
                                "lora_A.weight",
                                Nd4j.ones(DataType.FLOAT, 2, 32),
                                "lora_B.weight",
                                Nd4j.ones(DataType.FLOAT, 16, 2))),
                Map.of("model.embed_tokens.weight", Nd4j.zeros(DataType.FLOAT, 266, 32)));

        assertThatThrownBy(() -> CausalLmExport.of(base).adapter(adapter).write(folder.resolve("out")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("an adapter changes \"model.embed_tokens\", which the head of this model shares");
    }

    @Test
    void adapterOfAnotherModel_isRefused_andNothingIsLeft() throws IOException {
        LoraConfig config =
                LoraConfig.builder().rank(2).alpha(2).targetModules("v_proj").build();
        Adapter adapter = Adapter.of(
                config,
                Map.of(
                        VALUE,
                        Map.of(
                                "lora_A.weight",
                                Nd4j.ones(DataType.FLOAT, 2, 48),
                                "lora_B.weight",
                                Nd4j.ones(DataType.FLOAT, 16, 2))),
                Map.of());

        assertThatThrownBy(() -> CausalLmExport.of(base).adapter(adapter).write(folder.resolve("out")))
                .isInstanceOf(IncompatibleBaseException.class);
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).hasSize(3);
        }
    }

    @Test
    void valueBeyondTheType_isRefused_andNothingIsLeft() throws IOException {
        Map<String, INDArray> wide = Map.of(
                "lora_A.weight", Nd4j.ones(DataType.FLOAT, 2, 32),
                "lora_B.weight", Nd4j.valueArrayOf(new long[] {16, 2}, 1e5, DataType.FLOAT));
        LoraConfig config =
                LoraConfig.builder().rank(2).alpha(2).targetModules(VALUE).build();
        CausalLmExport export = CausalLmExport.of(base)
                .adapter(Adapter.of(config, Map.of(VALUE, wide), Map.of()))
                .type(StorageType.F16);

        assertThatThrownBy(() -> export.write(folder.resolve("out")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tensor \"" + VALUE + ".weight\" holds NaN or a number beyond the range of F16");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void damagedModel_orADirectoryThatExists_isRefused() throws IOException {
        assertThatThrownBy(() -> CausalLmExport.of(base).write(base)).isInstanceOf(FileAlreadyExistsException.class);
        Map<String, Object> config = new LinkedHashMap<>(JsonObjects.read(base.resolve("config.json")));
        config.put("num_hidden_layers", 3);
        JsonObjects.write(base.resolve("config.json"), config);

        assertThatThrownBy(() -> CausalLmExport.of(base).write(folder.resolve("out")))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("model.layers.2.");
        assertThatThrownBy(() -> CausalLmExport.of(base).shardBytes(0)).hasMessageContaining("bytes");
    }
}
