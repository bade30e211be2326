/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.format.file.StagedFiles;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class AdapterSaveTest {

    private static final Path PEFT = Path.of("src/test/resources/peft");

    @TempDir
    Path dir;

    @ParameterizedTest
    @MethodSource("org.lora4j.adapter.AdapterLoadTest#supportedCases")
    void save_thenLoad_givesAnEqualAdapter(String name) throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve(name));
        adapter.save(dir);

        assertThat(Adapter.load(dir)).isEqualTo(adapter);
    }

    @ParameterizedTest
    @CsvSource({
        "lora-mlp-basic, F32",
        "lora-embedding-and-linear, F32",
        "lora-conv2d-3x3-1x1, F32",
        "lora-conv1d, F32",
        "lora-bert-seqcls, F32",
        "lora-mlp-bias-all, F32",
        "lora-mlp-modules-to-save, F32",
        "lora-mlp-lora-bias, F32",
        "lora-target-parameters-3d, F32",
        "lora-trainable-token-indices, F32",
        "lora-gpt2-fan-flag-corrected, F32",
        "lora-conv2d-grouped, F32",
        "dora-mlp-bias-modules-to-save, F32",
        "dora-embedding, F32",
        "init-pissa, F32",
        "lora-mlp-stored-f16, F16",
        "lora-mlp-stored-bf16, BF16"
    })
    void save_inTheTypeOfTheOriginal_givesPeftsFileByteForByte(String name, StorageType type) throws IOException {
        Adapter.load(PEFT.resolve(name)).save(dir, type);

        assertThat(dir.resolve(AdapterReader.WEIGHTS))
                .hasSameBinaryContentAs(PEFT.resolve(name).resolve(AdapterReader.WEIGHTS));
    }

    @Test
    void save_twice_givesTheSameBytes() throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve("lora-bert-seqcls"));
        adapter.save(dir.resolve("one"));
        adapter.save(dir.resolve("other"));

        for (String file : new String[] {"adapter_config.json", AdapterReader.WEIGHTS, StagedFiles.CARD}) {
            assertThat(dir.resolve("one").resolve(file))
                    .hasSameBinaryContentAs(dir.resolve("other").resolve(file));
        }
    }

    @Test
    void save_doubleArrays_keepsEveryBit() throws IOException {
        Adapter adapter = linear(Nd4j.createFromArray(new double[][] {{0.1, Math.PI, 1e-300}}), column(1e300, -0.1));
        adapter.save(dir);

        assertThat(Adapter.load(dir)).isEqualTo(adapter);
    }

    @Test
    void save_inHalfPrecision_roundsToTheNearest() throws IOException {
        linear(Nd4j.createFromArray(new float[][] {{0.1f, 2049f}}), column(1, 2))
                .save(dir, StorageType.F16);

        INDArray a = Adapter.load(dir).modules().get("fc").get("lora_A.weight");
        assertThat(a.toFloatMatrix()).isDeepEqualTo(new float[][] {{0.099975586f, 2048f}});
    }

    @Test
    void save_beyondTheRangeOfTheType_namesTheTensorsAndWritesNothing() throws IOException {
        Adapter adapter = linear(Nd4j.createFromArray(new float[][] {{1f, 70000f}}), column(1, 1e39));

        assertThatThrownBy(() -> adapter.save(dir.resolve("x"), StorageType.F16))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("fc.lora_A.weight\": element 1 = 70000.0 is beyond the range of F16")
                .hasMessageContaining("fc.lora_B.weight\": element 1 = 1.0E39");
        assertThat(dir.resolve("x")).doesNotExist();
    }

    @Test
    void save_anAdapterWithoutTensors_isRefused() {
        Adapter empty = Adapter.of(LoraConfig.builder().targetModules("q").build(), Map.of(), Map.of());

        assertThatThrownBy(() -> empty.save(dir.resolve("x")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("holds no tensors");
        assertThat(dir.resolve("x")).doesNotExist();
    }

    @Test
    void save_allLinear_writesTheModulesThatWereAdapted() throws IOException {
        Adapter adapter = Adapter.of(
                LoraConfig.builder()
                        .rank(1)
                        .targetModules(ModuleSelector.allLinear())
                        .build(),
                Map.of("fc", factors(column(1, 2).transpose(), column(1, 2))),
                Map.of());
        adapter.save(dir);

        assertThat(Adapter.load(dir).config().targetModules()).isEqualTo(ModuleSelector.suffixes("fc"));
    }

    @Test
    void save_overAnotherAdapter_replacesItAndKeepsWhatIsNotOurs() throws IOException {
        Adapter.load(PEFT.resolve("lora-mlp-basic")).save(dir);
        Adapter below = Adapter.load(PEFT.resolve("lora-mlp-r1"));
        below.save(dir.resolve("other"));
        Adapter replacement = Adapter.load(PEFT.resolve("lora-conv1d"));

        replacement.save(dir);

        assertThat(Adapter.load(dir)).isEqualTo(replacement);
        assertThat(Adapter.load(dir.resolve("other"))).isEqualTo(below);
    }

    @Test
    void load_whileAnotherThreadSaves_givesOneAdapterOrTheOther() throws Exception {
        Adapter one = Adapter.load(PEFT.resolve("lora-mlp-basic"));
        Adapter other = Adapter.load(PEFT.resolve("lora-mlp-r1"));
        one.save(dir);
        AtomicBoolean stop = new AtomicBoolean();
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
            for (int round = 0; !stop.get(); round++) {
                saveUnchecked(round % 2 == 0 ? other : one);
            }
        });

        for (int load = 0; load < 100; load++) {
            assertThat(Adapter.load(dir)).isIn(one, other);
        }

        stop.set(true);
        writer.get(10, TimeUnit.SECONDS);
    }

    private void saveUnchecked(Adapter adapter) {
        try {
            adapter.save(dir);
            // A writer that never rests is not what a reader has to bear.
            TimeUnit.MILLISECONDS.sleep(1);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void save_parametersOfEveryRank_keepsTheirShapes() throws IOException {
        LoraConfig config = LoraConfig.builder().modulesToSave("head").build();
        Adapter adapter = Adapter.of(
                config,
                Map.of(),
                Map.of(
                        "head.scale", Nd4j.scalar(2.5f),
                        "head.bias", Nd4j.createFromArray(1f, 2f),
                        "head.weight", Nd4j.createFromArray(new float[][][] {{{1f}, {2f}}})));
        adapter.save(dir);

        Adapter loaded = Adapter.load(dir);
        assertThat(loaded).isEqualTo(adapter);
        assertThat(loaded.savedParameters().get("head.scale").shape()).isEmpty();
        assertThat(loaded.savedParameters().get("head.bias").shape()).containsExactly(2);
        assertThat(loaded.savedParameters().get("head.weight").shape()).containsExactly(1, 2, 1);
    }

    @Test
    void save_writesACardThatSaysHowToLoad() throws IOException {
        Adapter.load(PEFT.resolve("lora-mlp-modules-to-save")).save(dir);

        assertThat(dir.resolve("README.md"))
                .content()
                .startsWith("---\nlibrary_name: peft\n")
                .contains(
                        "* Base model: not named", "* Rank 4, alpha 8.0", "  * `fc1`", "* Saved in full: `fc3.weight`")
                .contains("PeftModel.from_pretrained(", "Adapter.load(");
    }

    @Test
    void save_whereAPersonWroteTheCard_leavesIt() throws IOException {
        Files.writeString(dir.resolve("README.md"), "mine");
        Adapter.load(PEFT.resolve("lora-mlp-basic")).save(dir);

        assertThat(dir.resolve("README.md")).hasContent("mine");
    }

    @Test
    void save_aBaseModelNameWithOddCharacters_staysOneLineOfTheCard() throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve("lora-mlp-basic"));
        LoraConfig named = adapter.loraConfig().toBuilder()
                .baseModelName("it's\n---\nevil: `x`")
                .build();
        Adapter.of(named, adapter.modules(), Map.of()).save(dir);

        assertThat(Files.readAllLines(dir.resolve("README.md")).get(1)).isEqualTo("base_model: 'it''s --- evil:  x '");
    }

    @Test
    void save_whereAFileIsInTheWay_saysSoAndLeavesIt() throws IOException {
        Path file = Files.writeString(dir.resolve("f"), "mine");

        assertThatThrownBy(() -> Adapter.load(PEFT.resolve("lora-mlp-basic")).save(file))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("Adapter.save(" + file + "): " + file + " is no directory")
                .hasMessageNotContaining("space");
        assertThat(file).hasContent("mine");
    }

    @Test
    void save_thatFailsMidway_leavesTheOldAdapter() throws IOException {
        Adapter old = Adapter.load(PEFT.resolve("lora-mlp-basic"));
        old.save(dir);
        Path weights = Files.move(dir.resolve("adapter_model.safetensors"), dir.resolve("kept"));
        Files.createDirectory(dir.resolve("adapter_model.safetensors"));

        assertThatThrownBy(() -> Adapter.load(PEFT.resolve("lora-mlp-r1")).save(dir))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is a directory; expected a file or nothing")
                .hasMessageContaining("what was there before is unchanged");
        Files.delete(dir.resolve("adapter_model.safetensors"));
        Files.move(weights, dir.resolve("adapter_model.safetensors"));
        assertThat(Adapter.load(dir)).isEqualTo(old);
        assertThat(dir.resolve(StagedFiles.STAGING)).doesNotExist();
    }

    private static Adapter linear(INDArray a, INDArray b) {
        LoraConfig config = LoraConfig.builder().rank(1).targetModules("fc").build();
        return Adapter.of(config, Map.of("fc", factors(a, b)), Map.of());
    }

    private static Map<String, INDArray> factors(INDArray a, INDArray b) {
        return Map.of("lora_A.weight", a, "lora_B.weight", b);
    }

    private static INDArray column(double... values) {
        return Nd4j.createFromArray(values).reshape(values.length, 1);
    }
}
