/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.adapter.StorageType;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What was written has to answer as what is in memory; a wrong number and a wrong config are seen. */
class EncoderProbeTest {

    @TempDir
    private Path folder;

    private static EncoderProbe probe(TextEncoder encoder, Map<String, INDArray> tensors, StorageType type) {
        return new EncoderProbe(encoder.weights().config(), tensors, type, encoder.tokenizer());
    }

    @ParameterizedTest
    @EnumSource(StorageType.class)
    void directoryThatWasWritten_answersTheSame(StorageType type) throws IOException {
        Path directory = folder.resolve("encoder");
        try (TextEncoder encoder = TinyEncoder.create()) {
            HuggingFaceExport.of(encoder).type(type).write(directory);

            assertThatCode(() -> probe(encoder, encoder.weights().checkpointTensors(), type)
                            .requireSame("Export", directory))
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void otherNumbers_orAnotherConfig_areRefused() throws IOException {
        Path directory = folder.resolve("encoder");
        try (TextEncoder encoder = TinyEncoder.create()) {
            HuggingFaceExport.of(encoder).write(directory);
            Map<String, INDArray> changed =
                    new LinkedHashMap<>(encoder.weights().checkpointTensors());
            changed.computeIfPresent("encoder.layer.1.output.dense.weight", (name, array) -> array.mul(1.01));

            assertThatThrownBy(() -> probe(encoder, changed, StorageType.F32).requireSame("Export", directory))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("Export: what was written answers texts otherwise");

            Path config = directory.resolve("config.json");
            Files.writeString(config, Files.readString(config).replace("\"gelu\"", "\"relu\""));
            assertThatThrownBy(() -> probe(encoder, encoder.weights().checkpointTensors(), StorageType.F32)
                            .requireSame("Export", directory))
                    .hasMessageContaining("answers texts otherwise");
        }
    }
}
