/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.config.Initialization;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.format.peft.PeftKeys;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Adapters that PEFT wrote; expected numbers were read from its files with Python. */
class AdapterLoadTest {

    private static final Path PEFT = Path.of("src/test/resources/peft");

    private static final String MODULE = "base_model.model.fc1.";

    private static final String MODULE_2 = "base_model.model.fc2.";

    @TempDir
    Path dir;

    static Stream<String> supportedCases() throws IOException {
        try (Stream<Path> cases = Files.list(PEFT)) {
            return cases
                    .map(path -> path.getFileName().toString())
                    .filter(name -> name.matches("(lora|dora|init|convert|config)-.*") && !name.contains("niter"))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "lora-mlp-basic, -0.26287061, -0.09767582, -0.21286094",
        "lora-mlp-stored-f16, -0.30322266, 0.20617676, -0.38574219",
        "lora-mlp-stored-bf16, -0.50781250, -0.14453125, 0.21386719"
    })
    void load_inEveryStorageType_givesFloatArraysOfItsValues(String name, float first, float second, float last)
            throws IOException {
        INDArray a = Adapter.load(PEFT.resolve(name)).modules().get("fc1").get("lora_A.weight");

        assertThat(a.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(a.shape()).containsExactly(4, 8);
        assertThat(a.getFloat(0, 0)).isEqualTo(first);
        assertThat(a.getFloat(0, 1)).isEqualTo(second);
        assertThat(a.getFloat(3, 7)).isEqualTo(last);
    }

    @Test
    void load_anEmbedding_givesItsFactors() throws IOException {
        Map<String, INDArray> embed = Adapter.load(PEFT.resolve("lora-embedding-and-linear"))
                .modules()
                .get("embed");

        assertThat(embed).containsOnlyKeys("lora_embedding_A", "lora_embedding_B");
        assertThat(embed.get("lora_embedding_A").shape()).containsExactly(2, 16);
        assertThat(embed.get("lora_embedding_B").getFloat(1, 0)).isEqualTo(-0.87685311f);
    }

    @Test
    void load_aConvolution_keepsItsKernel() throws IOException {
        Map<String, INDArray> conv =
                Adapter.load(PEFT.resolve("lora-conv2d-3x3-1x1")).modules().get("conv1");

        assertThat(conv.get("lora_A.weight").shape()).containsExactly(2, 2, 3, 3);
        assertThat(conv.get("lora_B.weight").shape()).containsExactly(6, 2, 1, 1);
    }

    @Test
    void load_aGroupedConvolution_acceptsItsNarrowB() throws IOException {
        Map<String, INDArray> conv =
                Adapter.load(PEFT.resolve("lora-conv2d-grouped")).modules().get("conv1");

        assertThat(conv.get("lora_B.weight").shape()).containsExactly(8, 1, 1, 1);
    }

    @Test
    void load_aFullySavedHead_givesItsParameters() throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve("lora-bert-seqcls"));

        assertThat(adapter.savedParameters()).containsOnlyKeys("classifier.bias", "classifier.weight");
        assertThat(adapter.config().modulesToSave()).containsExactly("classifier", "score");
    }

    @Test
    void load_trainedBiases_givesTheirPathsInTheBase_andDropsPeftsCopies() throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve("lora-mlp-bias-all-modules-to-save"));

        assertThat(adapter.savedParameters()).containsOnlyKeys("fc1.bias", "fc2.bias", "fc3.bias", "fc3.weight");
    }

    @Test
    void load_aConfigWithUnknownFields_carriesThem() throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve("config-unknown-keys"));

        assertThat(adapter.extras()).containsEntry("another_one", List.of(1, 2));
    }

    @Test
    void load_aRandomStart_isRead() throws IOException {
        assertThat(Adapter.load(PEFT.resolve("init-false")).config().initialization())
                .isEqualTo(Initialization.RANDOM);
    }

    static Stream<String> casesOfModules() throws IOException {
        return supportedCases().filter(name -> !name.matches(".*(target-parameters|token-indices).*"));
    }

    @ParameterizedTest
    @MethodSource("casesOfModules")
    void load_everyCase_adaptsTheModulesThatTheConfigSelectsInTheBase(String name) throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve(name));
        Set<String> weighted;
        try (SafetensorsReader base = SafetensorsReader.open(PEFT.resolve(name).resolve("base.safetensors"))) {
            weighted = base.tensors().values().stream()
                    .filter(entry -> entry.name().endsWith(".weight") && entry.shape().length >= 2)
                    .map(entry -> PeftKeys.moduleOf(entry.name()))
                    .collect(Collectors.toCollection(TreeSet::new));
        }

        assertThat(adapter.modules().keySet())
                .isNotEmpty()
                .containsExactlyElementsOf(
                        weighted.stream().filter(adapter.config()::selects).toList());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bad-config-missing | no file adapter_config.json",
                "bad-config-no-peft-type | no \"peft_type\"",
                "bad-config-layers-pattern-only | layersPattern = [layers] without layersToTransform",
                "bad-config-negative-alpha | alpha = -8.0",
                "bad-config-r-zero | rank = 0",
                "bad-config-no-target | module \"fc1\" has factors but is not selected by the config",
                "bad-extra-key | module \"fc9\" has factors but is not selected",
                "bad-missing-lora-b | has lora_A.weight without lora_B.weight",
                "bad-nan | is NaN, expected finite numbers"
            })
    void load_aBadAdapter_isRefusedWithTheReason(String name, String expected) {
        assertThatThrownBy(() -> Adapter.load(PEFT.resolve(name)))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining(name)
                .hasMessageContaining(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bad-dtype-size | F64[4, 8] occupies 128 bytes, expected 256",
                "bad-duplicate-key | Duplicate",
                "bad-empty-file | has 0 bytes",
                "bad-header-length-beyond-file | exceeds the",
                "bad-overlapping-offsets | overlaps",
                "bad-trailing-data | expected nothing after the last tensor",
                "bad-truncated-header | truncated",
                "bad-unknown-dtype | dtype \"Q7\""
            })
    void load_aDamagedFile_isCorrupt(String name, String expected) {
        assertThatThrownBy(() -> Adapter.load(PEFT.resolve(name)))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining(expected);
    }

    @Test
    void load_anInputSizeOfAnotherBase_isLeftToTheHost() throws IOException {
        INDArray a = Adapter.load(PEFT.resolve("bad-shape-lora-a"))
                .modules()
                .get("fc1")
                .get("lora_A.weight");

        assertThat(a.shape()).containsExactly(4, 9);
    }

    @Test
    void load_aMethodWithoutALineInTheTable_isUnsupportedByName() throws IOException {
        copyConfig("lora-mlp-basic", dir);
        Path config = dir.resolve("adapter_config.json");
        Files.writeString(config, Files.readString(config).replace("\"LORA\"", "\"PROMPT_TUNING\""));
        Files.copy(PEFT.resolve("lora-mlp-basic/adapter_model.safetensors"), dir.resolve("adapter_model.safetensors"));

        assertThatThrownBy(() -> Adapter.load(dir))
                .isInstanceOf(UnsupportedAdapterVersionException.class)
                .hasMessageContaining("peft_type = \"PROMPT_TUNING\"; expected one of \"LORA\", \"IA3\", \"LOHA\"");
    }

    @Test
    void load_tensorsOfAnotherMethod_areRefusedByName() throws IOException {
        copyConfig("lora-mlp-basic", dir);
        Files.copy(PEFT.resolve("ia3-mlp/adapter_model.safetensors"), dir.resolve("adapter_model.safetensors"));

        assertThatThrownBy(() -> Adapter.load(dir))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("has the tensor \"ia3_l\", which is none of LORA");
    }

    @Test
    void load_aDirectoryOfDirectories_namesThem() throws IOException {
        copyConfig("lora-mlp-basic", dir.resolve("my_task"));

        assertThatThrownBy(() -> Adapter.load(dir))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("adapters in the folders \"my_task\"");
    }

    @Test
    void load_whatDoesNotExist_saysSo() {
        assertThatThrownBy(() -> Adapter.load(dir.resolve("nowhere")))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("nowhere")
                .hasMessageContaining("not a directory");
    }

    @Test
    void load_manyMistakes_reportsAllInOneMessage() throws IOException {
        copyConfig("lora-mlp-basic", dir);
        write(
                f32(MODULE + "lora_A.weight", 3, 8),
                f32(MODULE + "lora_B.weight", 16, 5),
                f32("base_model.model.fc2.lora_A.weight", 4, 8),
                f32("base_model.model.fc3.lora_magnitude_vector", 4),
                f32("base_model.model.fc3.weight", 4, 4),
                f32("fc3.bias", 4),
                TensorSource.of(MODULE + "bias", DType.I32, new long[] {1}, ByteBuffer.allocate(4)));

        assertThatThrownBy(() -> Adapter.load(dir))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining(
                        "module \"fc1\": lora_A.weight has shape [3, 8], expected [4, inputs] (rank 4 by the config)")
                .hasMessageContaining("module \"fc1\": lora_B.weight has shape [16, 5], expected [outputs, 4]")
                .hasMessageContaining("module \"fc2\" has lora_A.weight without lora_B.weight")
                .hasMessageContaining("module \"fc3\" has lora_magnitude_vector without A and B")
                .hasMessageContaining("parameter \"fc3.weight\" is saved in full, but the config")
                .hasMessageContaining("key \"fc3.bias\" does not begin with")
                .hasMessageContaining("fc1.bias I32[1]");
    }

    @Test
    void load_aRankPattern_isHeldAgainstTheTensors() throws IOException {
        copyConfig("lora-mlp-rank-pattern", dir);
        write(f32("base_model.model.fc2.lora_A.weight", 4, 8), f32("base_model.model.fc2.lora_B.weight", 16, 4));

        assertThatThrownBy(() -> Adapter.load(dir)).hasMessageContaining("expected [2, inputs] (rank 2 by the config)");
    }

    @Test
    void load_aFileWithoutTensors_isRefused() throws IOException {
        copyConfig("lora-mlp-basic", dir);
        write();

        assertThatThrownBy(() -> Adapter.load(dir)).hasMessageContaining("holds no tensors");
    }

    @Test
    void load_aCopyWithoutItsParameter_isRefused() throws IOException {
        copyConfig("lora-mlp-bias-all-modules-to-save", dir);
        write(f32("base_model.model.fc3.weight", 4, 4), f32("base_model.model.fc3.modules_to_save.bias", 4));

        assertThatThrownBy(() -> Adapter.load(dir)).hasMessageContaining("is a copy of \"fc3.bias\", which is missing");
    }

    @Test
    void load_aConfigThatSavesAHead_withoutTheHead_isRefused() throws IOException {
        copyConfig("lora-mlp-modules-to-save", dir);
        write(f32(MODULE + "lora_A.weight", 4, 8), f32(MODULE + "lora_B.weight", 16, 4));

        assertThatThrownBy(() -> Adapter.load(dir))
                .hasMessageContaining("no parameter of the fully trained modules [fc3]");
    }

    @Test
    void load_anEmptyTensor_isRefused() throws IOException {
        copyConfig("lora-mlp-basic", dir);
        write(f32(MODULE + "lora_A.weight", 4, 0), f32(MODULE + "lora_B.weight", 16, 4));

        assertThatThrownBy(() -> Adapter.load(dir)).hasMessageContaining("has no elements");
    }

    @Test
    void load_doublePrecision_givesDoubleArrays() throws IOException {
        copyConfig("lora-mlp-basic", dir);
        ByteBuffer bytes = ByteBuffer.allocate(4 * 8).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(new double[] {1.1, 2.2, 3.3, 4.4});
        write(
                TensorSource.of(MODULE + "lora_A.weight", DType.F64, new long[] {4, 1}, bytes),
                f32(MODULE + "lora_B.weight", 16, 4));

        INDArray a = Adapter.load(dir).modules().get("fc1").get("lora_A.weight");

        assertThat(a.dataType()).isEqualTo(DataType.DOUBLE);
        assertThat(a.toDoubleMatrix()).isDeepEqualTo(new double[][] {{1.1}, {2.2}, {3.3}, {4.4}});
    }

    @Test
    void load_whenAModuleThatKeptNoTripletHasElements_isRefused() throws IOException {
        copyConfig("adalora-module-without-triplets", dir);
        write(f32(MODULE_2 + "lora_A", 1, 16), f32(MODULE_2 + "lora_B", 16, 0), f32(MODULE_2 + "lora_E", 0, 1));

        assertThatThrownBy(() -> Adapter.load(dir))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("fc2.lora_A")
                .hasMessageContaining("expected a size of 0 on axis 0");
    }

    /** A tensor of no bytes, which zeros stand for. */
    @ParameterizedTest
    @ValueSource(longs = {(1L << 26) + 1, 1L << 40, Long.MAX_VALUE})
    void load_whenTensorsWithoutBytesAskForMemory_isRefused(long size) throws IOException {
        copyConfig("adalora-module-without-triplets", dir);
        byte[] header = ("{\"" + MODULE_2 + "lora_A\":{\"dtype\":\"F32\",\"shape\":[0," + size
                        + "],\"data_offsets\":[0,0]}}")
                .getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(Long.BYTES + header.length).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length).put(header);
        Files.write(dir.resolve("adapter_model.safetensors"), file.array());

        assertThatThrownBy(() -> Adapter.load(dir))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("has no bytes and asks for " + size + " zeros, expected at most 67108864");
    }

    /** No file of VeRA without projections makes any: they are given, or the adapter is refused. */
    @Test
    void load_whenARankOfMillionsHasNoProjections_isRefused() throws IOException {
        Files.writeString(
                dir.resolve("adapter_config.json"),
                "{\"peft_type\":\"VERA\",\"r\":16777216,\"save_projection\":false,\"target_modules\":[\"fc1\"]}");
        write(f32("base_model.model.fc1.vera_lambda_b", 4), f32("base_model.model.fc1.vera_lambda_d", 1));

        assertThatThrownBy(() -> Adapter.load(dir))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("base_model.vera_A");
    }

    @Test
    void load_whenOnlySomeModulesHaveOneButterflyFactor_isRefused() throws IOException {
        copyConfig("boft-mlp-one-factor-made", dir);
        write(
                f32(MODULE + "boft_R", 1, 4, 4, 4),
                f32(MODULE + "boft_s", 8, 1),
                f32(MODULE_2 + "boft_R", 2, 2, 4, 4),
                f32(MODULE_2 + "boft_s", 8, 1));

        assertThatThrownBy(() -> Adapter.load(dir))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("module \"fc1\": found boft_R [1, 4, 4, 4]")
                .hasMessageContaining("expected boft_R [2, ");
    }

    private void write(TensorSource... tensors) throws IOException {
        SafetensorsWriter.write(dir.resolve(AdapterReader.WEIGHTS), List.of(tensors), Map.of());
    }

    private static TensorSource f32(String key, long... shape) {
        return TensorSource.of(key, DType.F32, shape, ByteBuffer.allocate((int) DType.F32.byteCount(shape)));
    }

    private static void copyConfig(String name, Path to) throws IOException {
        Files.createDirectories(to);
        Files.copy(PEFT.resolve(name).resolve("adapter_config.json"), to.resolve("adapter_config.json"));
    }
}
