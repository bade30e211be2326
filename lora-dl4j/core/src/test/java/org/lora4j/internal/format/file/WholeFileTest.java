/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WholeFileTest {

    @TempDir
    Path folder;

    @Test
    void write_thatFailsMidway_leavesWhatWasThere_andNothingElse() throws IOException {
        Path file = Files.writeString(folder.resolve("report.json"), "old");

        assertThatThrownBy(() -> WholeFile.write(file, out -> {
                    out.write(new byte[100_000]);
                    throw new IOException("No space left on device");
                }))
                .hasMessage(
                        file + ": it cannot be written: No space left on device; what was there before is unchanged."
                                + " Free space or save elsewhere.");

        assertThat(folder).isDirectoryContaining(file::equals).isDirectoryNotContaining(path -> !path.equals(file));
        assertThat(file).hasContent("old");
    }

    @Test
    void write_onAnInterruptedThread_isWhole_andTheThreadStaysInterrupted() throws IOException {
        Path file = folder.resolve("report.json");
        Thread.currentThread().interrupt();

        WholeFile.write(file, "whole");

        assertThat(Thread.interrupted()).isTrue();
        assertThat(file).hasContent("whole");
    }

    @Test
    void write_whereALinkIs_replacesTheLink() throws IOException {
        Path target = Files.writeString(folder.resolve("target"), "mine");
        Path link = Files.createSymbolicLink(folder.resolve("report.json"), target);

        WholeFile.write(link, "new");

        assertThat(target).hasContent("mine");
        assertThat(link).hasContent("new");
        assertThat(Files.isSymbolicLink(link)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"file/report.json", "file/below/report.json"})
    void write_belowAFile_saysSo(String place) throws IOException {
        Path inTheWay = Files.writeString(folder.resolve("file"), "mine");

        assertThatThrownBy(() -> WholeFile.write(folder.resolve(place), "new"))
                .hasMessageContaining(inTheWay + " is no directory")
                .hasMessageNotContaining("space");
    }

    @Test
    void write_toADirectory_orWhereThereIsNone_saysSo() {
        assertThatThrownBy(() -> WholeFile.write(folder, "new"))
                .hasMessageContaining(folder + " is a directory")
                .hasMessageNotContaining("space");
        assertThatThrownBy(() -> WholeFile.write(folder.resolve("no/report.json"), "new"))
                .hasMessageContaining("there is no directory " + folder.resolve("no"))
                .hasMessageNotContaining("space");
    }
}
