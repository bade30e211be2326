/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.image;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.image.ImageConfig;
import org.lora4j.internal.image.ImageHeads;
import org.lora4j.internal.image.Preprocessing;
import org.lora4j.text.TaskExporter;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Writes a classifier as Transformers reads it. */
final class ImageExport {

    private ImageExport() {}

    static void write(
            String where,
            Path directory,
            ImageEncoder encoder,
            ModelWeights weights,
            List<String> labels,
            TaskExporter.Head head)
            throws IOException {
        ImageConfig config = encoder.weights().config();
        Map<String, INDArray> tensors = ImageHeads.forFile(config, weights);
        StagedDirectory.write(where, directory, staging -> {
            List<TensorSource> sources = new ArrayList<>();
            tensors.forEach((name, array) ->
                    sources.add(ArrayBytes.source(name, array, ElementCodec.exactFor(array.dataType()))));
            SafetensorsWriter.write(staging.resolve("model.safetensors"), sources, Map.of("format", "pt"));
            JsonObjects.write(
                    staging.resolve(ImageConfig.FILE),
                    fields(config, ImageHeads.architecture(config, weights), labels, head));
            JsonObjects.write(
                    staging.resolve(Preprocessing.FILE), encoder.preprocessing().fields());
        });
    }

    private static Map<String, Object> fields(
            ImageConfig config, String architecture, List<String> labels, TaskExporter.Head head) {
        Map<String, Object> fields = new LinkedHashMap<>(config.fields());
        Map<String, Object> byIndex = new LinkedHashMap<>();
        Map<String, Object> byLabel = new LinkedHashMap<>();
        for (int i = 0; i < labels.size(); i++) {
            byIndex.put(String.valueOf(i), labels.get(i));
            byLabel.put(labels.get(i), i);
        }
        fields.put("architectures", List.of(architecture));
        fields.put("id2label", byIndex);
        fields.put("label2id", byLabel);
        fields.remove("num_labels");
        fields.put(
                "problem_type",
                head == TaskExporter.Head.SEVERAL_CLASSES
                        ? "multi_label_classification"
                        : "single_label_classification");
        return fields;
    }
}
