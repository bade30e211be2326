/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** The config of one adapter beside the tensors of another. */
class MixedSetTest {

    private static final String CONFIG = "adapter_config.json";
    private static final String WEIGHTS = "adapter_model.safetensors";

    @TempDir
    Path temp;

    private Path one;
    private Path two;

    @BeforeEach
    void save() throws IOException {
        one = temp.resolve("one");
        two = temp.resolve("two");
        adapter(8).save(one);
        adapter(32).save(two);
    }

    @Test
    void load_ofAMixedSet_isRefused_alsoWhenAllShapesAgree() throws IOException {
        Files.copy(two.resolve(CONFIG), one.resolve(CONFIG), StandardCopyOption.REPLACE_EXISTING);

        assertThatThrownBy(() -> Adapter.load(one))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining(WEIGHTS)
                .hasMessageContaining("another config than the one in " + one.resolve(CONFIG));
    }

    @Test
    void load_ofAMixedSet_withLeniency_reportsIt() throws IOException {
        Files.copy(two.resolve(CONFIG), one.resolve(CONFIG), StandardCopyOption.REPLACE_EXISTING);
        List<String> reported = new ArrayList<>();

        AdapterLoader.of(one).lenient(reported::add).load();
        AdapterLoader.of(one).config(adapter(32).config()).load();

        assertThat(reported).singleElement().asString().contains("expected the files of one adapter");
    }

    @Test
    void load_ofAConfigThatWasWrittenAnew_isNotMixed() throws IOException {
        String text = Files.readString(one.resolve(CONFIG));
        Files.writeString(
                one.resolve(CONFIG),
                text.replace("\n", "\r\n  ")
                        .replace("\"base_model_name_or_path\" : null", "\"base_model_name_or_path\" : \"here\"")
                        .replace("\"base_model_name_or_path\": null", "\"base_model_name_or_path\": \"here\""));

        assertThat(Adapter.load(one).config().baseModelName()).isEqualTo("here");
    }

    @Test
    void save_keepsTheMarkOfPeft_andWritesNothingNewToTheConfig() throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(one.resolve(WEIGHTS))) {
            assertThat(reader.metadata()).containsEntry("format", "pt");
        }
        assertThat(one.resolve(CONFIG)).content().doesNotContain("lora4j", "sha256");
    }

    private static Adapter adapter(double alpha) {
        LoraConfig config =
                LoraConfig.builder().rank(2).alpha(alpha).targetModules("fc").build();
        SplittableRandom random = new SplittableRandom(3);
        double[] values = random.doubles(6).toArray();
        return Adapter.of(
                config,
                Map.of(
                        "fc",
                        Map.of(
                                "lora_A.weight",
                                Nd4j.create(values).reshape(2, 3).castTo(DataType.FLOAT),
                                "lora_B.weight",
                                Nd4j.create(values).reshape(3, 2).castTo(DataType.FLOAT))),
                Map.of());
    }
}
