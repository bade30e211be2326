/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BaseContentTest {

    @TempDir
    Path folder;

    /** As {@code cp -p} and {@code rsync -t} leave it. */
    @Test
    void weightsOfAnotherContent_withTheSameSizeAndTime_haveAnotherHash() throws IOException {
        assumeTrue(
                folder.getFileSystem().supportedFileAttributeViews().contains("unix"), "times say all that is known");
        Path file = folder.resolve("model.safetensors");
        Files.copy(Path.of("src/test/resources/language/models/llama-gqa/model.safetensors"), file);
        FileTime time = Files.getLastModifiedTime(file);
        String before = BaseContent.ofFiles(folder);
        byte[] bytes = Files.readAllBytes(file);

        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        Files.setLastModifiedTime(file, time);

        assertThat(BaseContent.ofFiles(folder)).isNotEqualTo(before).isEqualTo(BaseContent.ofFiles(folder));
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        assertThat(BaseContent.ofFiles(folder)).isEqualTo(before);
    }
}
