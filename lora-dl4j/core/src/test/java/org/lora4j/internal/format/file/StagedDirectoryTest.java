/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Replacing directories; making new ones is in {@code SourceFileTest}, and deaths are in {@code SaveKilledAtEveryStepTest}. */
class StagedDirectoryTest {

    @TempDir
    private Path folder;

    private Path target;

    @BeforeEach
    void nameTarget() {
        target = folder.resolve("target");
    }

    private void replace(String text) throws IOException {
        StagedDirectory.replace("Test", target, staging -> WholeFile.write(staging.resolve(text), text));
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void replace_leavesTheNewFilesOnly() throws IOException {
        replace("old");
        replace("new");

        assertThat(names(target)).containsExactly("new");
        assertThat(names(folder)).containsExactly("target");
    }

    @Test
    void replace_whoseContentFails_leavesTheOldOne_andSaysSo() throws IOException {
        replace("old");

        assertThatThrownBy(() -> StagedDirectory.replace("Test", target, staging -> {
                    WholeFile.write(staging.resolve("new"), "half");
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(
                        "Test(" + target + "): No space left on device; what was there before is unchanged");

        assertThat(names(target)).containsExactly("old");
        assertThat(names(folder)).containsExactly("target");
    }

    @Test
    void replace_afterOneThatWasCutShortBetweenItsRenames_keepsTheOldOneUntilTheNewIsThere() throws IOException {
        replace("old");
        Files.move(target, folder.resolve(".target.lora4j-old"));
        Files.createDirectory(folder.resolve(".target.lora4j-saving"));

        assertThat(names(StagedDirectory.locate(target))).containsExactly("old");
        assertThatThrownBy(() -> StagedDirectory.replace("Test", target, staging -> {
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(IOException.class);
        assertThat(names(target)).containsExactly("old");

        replace("new");
        assertThat(names(StagedDirectory.locate(target))).containsExactly("new");
        assertThat(names(folder)).containsExactly("target");
    }

    @Test
    void locate_doesNotFollowALinkOfTheOldName() throws IOException {
        Path others = Files.createDirectory(folder.resolve("others"));
        Files.createSymbolicLink(folder.resolve(".target.lora4j-old"), others);

        assertThat(StagedDirectory.locate(target)).isEqualTo(target);
    }
}
