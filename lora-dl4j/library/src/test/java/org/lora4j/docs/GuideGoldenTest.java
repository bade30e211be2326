/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The example of docs/peft-golden.md. */
class GuideGoldenTest {

    @Test
    void numbersForPeft_areWrittenBesideTheAdapter(@TempDir Path directory) throws IOException {
        SameDiff graph = UserGraph.create();
        AdaptedSameDiff model =
                Lora.inject(graph, LoraConfig.builder().targetModules("dense1").build(), 42);
        Adapter adapter = model.adapter("default");
        adapter.save(directory);
        INDArray x = UserGraph.examples(3).getFeatures();
        ModelWeights base = ModelWeights.of(Map.of(
                "dense1.weight",
                graph.getVariable("dense1.weight").getArr().permute(1, 0).dup('c')));

        Map<String, INDArray> numbers = new LinkedHashMap<>();
        numbers.put("input.0", x);
        numbers.put("output", model.output(Map.of("input", x), "scores").get("scores"));
        WeightMerge.merged(base, List.of(adapter)).forEach((name, array) -> numbers.put("merged." + name, array));
        List<TensorSource> tensors = new ArrayList<>();
        numbers.forEach((name, array) -> {
            ByteBuffer bytes =
                    ByteBuffer.allocate(Math.toIntExact(4 * array.length())).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(array.dup('c').data().asFloat());
            tensors.add(TensorSource.of(name, DType.F32, array.shape(), bytes));
        });
        SafetensorsWriter.write(directory.resolve("expected.safetensors"), tensors, Map.of());

        try (SafetensorsReader written = SafetensorsReader.open(directory.resolve("expected.safetensors"))) {
            assertThat(written.tensors()).containsOnlyKeys("input.0", "output", "merged.dense1.weight");
            assertThat(written.tensor("output").shape()).containsExactly(UserGraph.EXAMPLES, UserGraph.CLASSES);
            float first = written.map(written.tensor("output"), 0, 4).getFloat();
            assertThat(first).isEqualTo(numbers.get("output").getFloat(0));
        }
    }
}
