/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.Initialization;
import org.lora4j.config.RandLoraConfig;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Files of RandLoRA from a model with several adapters. All layers of the model hold one set of projections, so that PEFT writes
 * them into the file of each adapter once for every module that any adapter of the model has.
 */
class RandLoraFilesTest {

    @TempDir
    private Path folder;

    private SameDiff graph;
    private Adapter adapter;

    @BeforeEach
    void save() throws IOException {
        graph = SameDiff.create();
        SplittableRandom random = new SplittableRandom(3);
        graph.placeHolder("x", DataType.FLOAT, -1, 6)
                .mmul(graph.var("fc1.weight", RandomStreams.uniform(random, 1, DataType.FLOAT, 6, 9)))
                .mmul("y", graph.var("fc2.weight", RandomStreams.uniform(random, 1, DataType.FLOAT, 9, 4)));
        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        RandLoraConfig config = RandLoraConfig.builder()
                .rank(2)
                .initialization(Initialization.RANDOM)
                .targetModules("fc2")
                .build();
        model.addAdapter("a", config, 1);
        adapter = model.adapter("a");
        adapter.save(folder);
    }

    private void rewrite(UnaryOperator<Map<String, INDArray>> change) throws IOException {
        Path file = folder.resolve("adapter_model.safetensors");
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (TensorEntry entry : reader.tensors().values()) {
                tensors.put(entry.name(), ArrayBytes.read(reader, entry, ElementCodec.F32));
            }
        }
        List<TensorSource> sources = new ArrayList<>();
        change.apply(tensors)
                .forEach((name, array) -> sources.add(ArrayBytes.source(name, array.dup('c'), ElementCodec.F32)));
        Files.delete(file);
        SafetensorsWriter.write(file, sources, Map.of());
    }

    private static Map<String, INDArray> withCopies(Map<String, INDArray> tensors, double more) {
        for (String suffix : List.of("randlora_A", "randlora_B")) {
            tensors.put(
                    "base_model.model.fc1." + suffix,
                    tensors.get("base_model." + suffix).add(more));
        }
        return tensors;
    }

    @Test
    void projectionsWithModulesOfOtherAdapters_areNoPartOfThisOne() throws IOException {
        rewrite(tensors -> withCopies(tensors, 0));

        Adapter read = Adapter.load(folder);

        assertThat(read.modules()).containsOnlyKeys("fc2");
        assertThat(read.modules()).isEqualTo(adapter.modules());
        AdaptedSameDiff.of(graph).addAdapter("read", read);
    }

    @Test
    void otherProjections_areRefused() throws IOException {
        rewrite(tensors -> withCopies(tensors, 0.5));

        assertThatThrownBy(() -> Adapter.load(folder))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("module \"fc1\" repeats randlora_A with other values");
    }

    @Test
    void targetWithProjectionsAlone_isRefused() throws IOException {
        rewrite(tensors -> {
            tensors.remove("base_model.model.fc2.randlora_lambda");
            tensors.remove("base_model.model.fc2.randlora_gamma");
            return tensors;
        });

        assertThatThrownBy(() -> Adapter.load(folder))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("fc2");
    }

    @Test
    void factorsOfAModuleThatIsNoTarget_areRefused() throws IOException {
        rewrite(tensors -> {
            withCopies(tensors, 0);
            tensors.put("base_model.model.fc1.randlora_lambda", tensors.get("base_model.model.fc2.randlora_lambda"));
            return tensors;
        });

        assertThatThrownBy(() -> Adapter.load(folder))
                .isInstanceOf(AdapterFormatException.class)
                .hasMessageContaining("\"fc1\"");
    }
}
