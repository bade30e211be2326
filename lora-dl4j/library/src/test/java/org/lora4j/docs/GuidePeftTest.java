/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterLoader;
import org.lora4j.adapter.StorageType;
import org.lora4j.config.Ia3Config;
import org.lora4j.config.LohaConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.autodiff.samediff.SameDiff;

/** The examples of docs/peft.md. */
class GuidePeftTest {

    private static final Path PEFT = Path.of("../core/src/test/resources/peft");

    @TempDir
    Path dir;

    @Test
    void load() throws IOException {
        SameDiff graph = UserGraph.create();
        Lora.inject(graph, LoraConfig.builder().targetModules("dense1").build(), 1)
                .adapter("default")
                .save(dir);
        Path directory = dir;

        Adapter adapter = Adapter.load(directory);
        Map<String, Adapter> all = Adapter.loadAll(directory);
        AdaptedSameDiff model = Lora.load(graph, directory);

        assertThat(all).containsExactly(Map.entry("default", adapter));
        assertThat(model.adapter("default")).isEqualTo(adapter);
    }

    @Test
    void save() throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve("lora-mlp-basic"));
        Path directory = dir.resolve("single");
        Path half = dir.resolve("half");

        adapter.save(directory);
        adapter.save(half, StorageType.BF16);

        assertThat(Adapter.load(directory)).isEqualTo(adapter);
        assertThat(Files.size(half.resolve("adapter_model.safetensors")))
                .isLessThan(Files.size(directory.resolve("adapter_model.safetensors")));
    }

    @Test
    void otherMethods() {
        SameDiff graph = UserGraph.create();
        long seed = 1;

        Ia3Config ia3 = Ia3Config.builder()
                .targetModules("dense1", "dense2")
                .feedforwardModules("dense2")
                .build();
        AdaptedSameDiff scaled = Lora.inject(graph, ia3, seed);
        LohaConfig loha =
                LohaConfig.builder().rank(4).alpha(8).targetModules("dense1").build();
        AdaptedSameDiff multiplied = Lora.inject(graph, loha, seed);

        assertThat(scaled.adapter("default").config()).isEqualTo(ia3);
        assertThat(multiplied.adapter("default").config()).isEqualTo(loha);
    }

    @Test
    void withoutANetwork() throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve("lora-mlp-basic"));
        Path modelDirectory = dir.resolve("model");
        Files.createDirectories(modelDirectory);
        Files.copy(PEFT.resolve("lora-mlp-basic/base.safetensors"), modelDirectory.resolve("model.safetensors"));
        Path merged = dir.resolve("merged/model.safetensors");

        try (ModelWeights base = ModelWeights.open(modelDirectory)) {
            Set<String> changed = WeightMerge.write(base, List.of(adapter), merged);
        }

        assertThat(merged).exists();
    }

    @Test
    void otherLibraries() throws IOException {
        Path checkpoint = dir.resolve("loralib.safetensors");
        SafetensorsWriter.write(
                checkpoint,
                List.of(
                        zeros("layer.0.query.lora_A", 8, 4),
                        zeros("layer.0.query.lora_B", 4, 8),
                        zeros("classifier.weight", 2, 4)),
                Map.of());

        Adapter adapter = AdapterLoader.of(checkpoint)
                .config(LoraConfig.builder()
                        .rank(8)
                        .alpha(16)
                        .targetModules("query", "value")
                        .modulesToSave("classifier")
                        .build())
                .keyMapping(Map.of(
                        "^(.*)\\.lora_([AB])$", "base_model.model.$1.lora_$2.weight",
                        "^classifier", "base_model.model.classifier"))
                .load();

        assertThat(adapter.modules()).containsOnlyKeys("layer.0.query");
        assertThat(adapter.savedParameters()).containsOnlyKeys("classifier.weight");
    }

    private static TensorSource zeros(String name, long rows, long columns) {
        return TensorSource.of(
                name, DType.F32, new long[] {rows, columns}, ByteBuffer.allocate((int) (rows * columns * Float.BYTES)));
    }

    @Test
    void damagedFiles() throws IOException {
        Path directory = PEFT.resolve("bad-missing-lora-b");

        List<String> leftOut = new ArrayList<>();
        Adapter adapter = AdapterLoader.of(directory).lenient(leftOut::add).load();

        assertThat(adapter.modules()).containsOnlyKeys("fc2");
        assertThat(leftOut).hasSize(1);
    }
}
