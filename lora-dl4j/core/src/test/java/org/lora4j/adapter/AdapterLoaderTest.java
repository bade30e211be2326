/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.AdapterFormatException;
import org.nd4j.linalg.api.ndarray.INDArray;

class AdapterLoaderTest {

    private static final Path PEFT = Path.of("src/test/resources/peft");

    private static final Path MNLI =
            Path.of(System.getProperty("lora4j.shared"), "data/roberta-lora-mnli/roberta_base_lora_mnli.bin");

    @TempDir
    Path dir;

    private static LoraConfig mnli() {
        return LoraConfig.builder()
                .rank(8)
                .alpha(16)
                .targetModules("query", "value")
                .modulesToSave("classifier")
                .build();
    }

    private static Map<String, String> loralib() {
        Map<String, String> mapping = new LinkedHashMap<>();
        mapping.put("^(.*)\\.lora_([AB])$", "base_model.model.$1.lora_$2.weight");
        mapping.put("^classifier", "base_model.model.classifier");
        return mapping;
    }

    @Test
    void load_aPickleOfPeft_givesAnAdapter() throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve("bad-weights-pickle-only"));

        assertThat(adapter.modules()).containsOnlyKeys("fc1", "fc2");
        adapter.save(dir);
        assertThat(Adapter.load(dir)).isEqualTo(adapter);
    }

    @Test
    void load_aCheckpointOfLoralib_givesItsTensorsByPeftsNames() throws IOException {
        assumeThat(MNLI).as("the published checkpoint is not on this machine").exists();

        Adapter adapter =
                AdapterLoader.of(MNLI).config(mnli()).keyMapping(loralib()).load();

        assertThat(adapter.modules()).hasSize(24);
        Map<String, INDArray> query = adapter.modules().get("roberta.encoder.layer.11.attention.self.query");
        assertThat(query.get("lora_A.weight").shape()).containsExactly(8, 768);
        assertThat(query.get("lora_B.weight").shape()).containsExactly(768, 8);
        assertThat(adapter.savedParameters())
                .containsOnlyKeys(
                        "classifier.dense.weight",
                        "classifier.dense.bias",
                        "classifier.out_proj.weight",
                        "classifier.out_proj.bias");
        adapter.save(dir);
        assertThat(Adapter.load(dir)).isEqualTo(adapter);
    }

    @Test
    void load_aFileOfWeightsWithoutAConfig_asksForOne() {
        Path weights = PEFT.resolve("lora-mlp-basic/adapter_model.safetensors");

        assertThatThrownBy(() -> AdapterLoader.of(weights).load())
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("is a file of weights; expected the directory of an adapter, or a config");
    }

    @Test
    void keyMapping_theFirstExpressionThatIsFound_renames() throws IOException {
        Path weights = PEFT.resolve("lora-mlp-basic/adapter_model.safetensors");
        LoraConfig config = Adapter.load(PEFT.resolve("lora-mlp-basic")).loraConfig();
        Map<String, String> mapping = new LinkedHashMap<>();
        mapping.put("fc1", "block.fc1");
        mapping.put("fc", "never");

        assertThatThrownBy(() -> AdapterLoader.of(weights)
                        .config(config)
                        .keyMapping(Map.of("fc\\d", "fc1"))
                        .load())
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("(\"base_model.model.fc2.lora_A.weight\" in the file) is there twice");
        assertThat(AdapterLoader.of(weights)
                        .config(config.toBuilder()
                                .targetModules("fc1", "never2", "never3")
                                .build())
                        .keyMapping(mapping)
                        .load()
                        .modules())
                .containsOnlyKeys("block.fc1", "never2", "never3");
    }

    @Test
    void keyMapping_ofABrokenExpression_isRefusedAtOnce() {
        assertThatThrownBy(() -> AdapterLoader.of(dir).keyMapping(Map.of("(", "x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"(\" is no regular expression");
    }

    @Test
    void lenient_leavesOutWhatDoesNotFitAndTellsIt() throws IOException {
        List<String> leftOut = new ArrayList<>();

        Adapter adapter = AdapterLoader.of(PEFT.resolve("bad-missing-lora-b"))
                .lenient(leftOut::add)
                .load();

        assertThat(adapter.modules()).containsOnlyKeys("fc2");
        assertThat(leftOut).singleElement().asString().contains("module \"fc1\" has lora_A.weight without");
    }

    @Test
    void lenient_ofAnExtraModule_leavesItOut() throws IOException {
        List<String> leftOut = new ArrayList<>();

        Adapter adapter = AdapterLoader.of(PEFT.resolve("bad-extra-key"))
                .lenient(leftOut::add)
                .load();

        assertThat(adapter.modules()).containsOnlyKeys("fc1", "fc2");
        assertThat(leftOut).anyMatch(sentence -> sentence.contains("module \"fc9\""));
    }

    @Test
    void lenient_ofADamagedFile_refusesAsEver() {
        assertThatThrownBy(() -> AdapterLoader.of(PEFT.resolve("bad-truncated-header"))
                        .lenient(sentence -> {})
                        .load())
                .isInstanceOf(AdapterFormatException.class);
    }

    @Test
    void loadAll_givesTheAdaptersOfTheFoldersBelow() throws IOException {
        assertThat(Adapter.loadAll(PEFT.resolve("multi-two-adapters"))).containsOnlyKeys("default", "other");
        assertThat(Adapter.loadAll(PEFT.resolve("multi-named-subfolder"))).containsOnlyKeys("my_task");
        assertThat(Adapter.loadAll(PEFT.resolve("multi-modules-to-save"))).containsOnlyKeys("a", "b");
        assertThat(Adapter.loadAll(PEFT.resolve("lora-mlp-basic"))).containsOnlyKeys("default");
    }

    @Test
    void loadAll_withoutAnyAdapter_saysWhatIsMissing() {
        assertThatThrownBy(() -> Adapter.loadAll(dir))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("no adapter here or in the folders below");
    }

    @Test
    void loadAll_withTwoOfTheName_refuses() throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve("lora-mlp-basic"));
        adapter.save(dir);
        adapter.save(dir.resolve("default"));

        assertThatThrownBy(() -> Adapter.loadAll(dir))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("another in the folder of that name");
        assertThat(Files.exists(dir.resolve("default"))).isTrue();
    }
}
