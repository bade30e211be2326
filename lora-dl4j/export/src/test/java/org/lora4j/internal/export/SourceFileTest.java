/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.StagedDirectory;

class SourceFileTest {

    @TempDir
    private Path folder;

    @Test
    void file_thatChangesWhileItIsWritten_leavesNothing() throws IOException {
        Path file = Files.writeString(folder.resolve("base"), "one");
        SourceFile.Read<Integer> read = SourceFile.read(file, in -> in.read());
        assertThatCode(read.file()::requireUnchanged).doesNotThrowAnyException();

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> StagedDirectory.write("Export", folder.resolve("target"), staging -> {
                    Files.writeString(staging.resolve("written"), "x");
                    Files.writeString(file, "two");
                    read.file().requireUnchanged();
                }))
                .withMessageContaining("base: it changed while it was read");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(file);
        }
    }

    @Test
    void failure_inTheMiddle_leavesNothing_evenOfDirectoriesAbove() throws IOException {
        Path target = folder.resolve("new/target");

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> StagedDirectory.write("Export", target, staging -> {
                    Files.createDirectories(staging.resolve("a/b"));
                    Files.writeString(staging.resolve("a/b/written"), "x");
                    throw new IOException("No space left on device");
                }))
                .withMessageContaining("Export: " + target + " cannot be written")
                .withMessageContaining("nothing is left of it");
        assertThat(folder).isEmptyDirectory();
    }
}
