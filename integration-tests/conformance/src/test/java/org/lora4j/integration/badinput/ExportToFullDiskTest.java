/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.badinput;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.export.HuggingFaceExport;
import org.lora4j.export.OnnxExport;
import org.lora4j.pretrained.Pooling;
import org.lora4j.text.TextEncoder;

class ExportToFullDiskTest {

    @TempDir
    private Path folder;

    /** 64 KB for a model of 90 MB. */
    @Test
    void exports_toAFullDisk_leaveNothing() throws IOException {
        try (SmallDisk disk = SmallDisk.mount(folder);
                TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2")) {
            Path target = disk.path().resolve("tuned");

            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> HuggingFaceExport.of(encoder).write(target))
                    .withMessageContaining("tuned");
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> OnnxExport.ofResource(getClass().getClassLoader(), "all-minilm-l6-v2.onnx")
                            .vectors(Pooling.MEAN)
                            .write(target))
                    .withMessageContaining("tuned");

            try (Stream<Path> left = Files.list(disk.path())) {
                assertThat(left).isEmpty();
            }
        }
    }
}
