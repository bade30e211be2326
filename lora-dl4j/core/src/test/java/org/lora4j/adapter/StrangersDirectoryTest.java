/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.format.file.StagedFiles;

/** Directories that somebody prepared: links, devices and folders where a save expects its own files. */
@DisabledOnOs(
        value = OS.WINDOWS,
        disabledReason = "links and pipes are made there by administrators only, or not at all")
@Timeout(25)
class StrangersDirectoryTest {

    private static final Path PEFT = Path.of("src/test/resources/peft");

    @TempDir
    Path temp;

    private Path dir;
    private Path others;
    private Adapter old;
    private Adapter adapter;

    @BeforeEach
    void prepare() throws IOException {
        dir = Files.createDirectory(temp.resolve("adapter"));
        others = Files.createDirectory(temp.resolve("others"));
        old = Adapter.load(PEFT.resolve("lora-mlp-basic"));
        adapter = Adapter.load(PEFT.resolve("lora-mlp-r1"));
        old.save(dir);
    }

    @Test
    void save_whereTheFolderOfACommitIsALink_takesNothingFromThere() throws IOException {
        adapter.save(others);
        Files.writeString(others.resolve("notes"), "mine");
        List<Path> before = children(others);
        Path link = Files.createSymbolicLink(dir.resolve(StagedFiles.COMMITTED), others);

        adapter.save(dir);

        assertThat(children(others)).isEqualTo(before);
        assertThat(Adapter.load(dir)).isEqualTo(adapter);
        assertThat(link).doesNotExist();
    }

    @Test
    void load_whereTheFolderOfACommitIsALink_doesNotFollowIt() throws IOException {
        adapter.save(others);
        Files.createSymbolicLink(dir.resolve(StagedFiles.COMMITTED), others);

        assertThat(Adapter.load(dir)).isEqualTo(old);
    }

    @Test
    void load_whereAFileOfACommitIsALink_doesNotFollowIt() throws IOException {
        adapter.save(others);
        Path committed = Files.createDirectory(dir.resolve(StagedFiles.COMMITTED));
        for (String name : List.of("adapter_config.json", "adapter_model.safetensors")) {
            Files.createSymbolicLink(committed.resolve(name), others.resolve(name));
        }

        assertThat(Adapter.load(dir)).isEqualTo(old);
    }

    @Test
    void save_whereTheFolderOfNewFilesIsALink_writesNothingThere() throws IOException {
        Files.writeString(others.resolve("notes"), "mine");
        Files.createSymbolicLink(dir.resolve(StagedFiles.STAGING), others);

        adapter.save(dir);

        assertThat(children(others)).containsExactly(others.resolve("notes"));
        assertThat(Adapter.load(dir)).isEqualTo(adapter);
    }

    @Test
    void save_whereTheFolderOfACommitHoldsWhatNoSaveWrites_keepsItAndGoesOn() throws IOException {
        Path inside = Files.createDirectories(dir.resolve(StagedFiles.COMMITTED).resolve("folder"));
        Files.writeString(inside.resolve("notes"), "mine");
        Files.writeString(inside.resolveSibling("notes"), "mine, too");

        adapter.save(dir);
        old.save(dir);

        assertThat(Adapter.load(dir)).isEqualTo(old);
        List<Path> aside = children(dir).stream()
                .filter(path -> path.getFileName().toString().startsWith(StagedFiles.ASIDE))
                .toList();
        assertThat(aside).hasSize(1);
        assertThat(aside.get(0).resolve("folder/notes")).hasContent("mine");
        assertThat(aside.get(0).resolve("notes")).hasContent("mine, too");
        assertThat(dir.resolve("notes")).doesNotExist();
    }

    @Test
    void save_whereAFileIsInThePlaceOfTheFolders_goesOn() throws IOException {
        Files.writeString(dir.resolve(StagedFiles.COMMITTED), "mine");
        Files.writeString(dir.resolve(StagedFiles.STAGING), "left over");

        adapter.save(dir);

        assertThat(Adapter.load(dir)).isEqualTo(adapter);
    }

    @Test
    void save_whereTheCardIsADevice_doesNotReadIt_andLeavesIt() throws IOException {
        Files.delete(dir.resolve("README.md"));
        Files.createSymbolicLink(dir.resolve("README.md"), Path.of("/dev/zero"));

        adapter.save(dir);

        assertThat(Files.isSymbolicLink(dir.resolve("README.md"))).isTrue();
        assertThat(Adapter.load(dir)).isEqualTo(adapter);
    }

    @ParameterizedTest
    @ValueSource(strings = {"adapter_config.json", "adapter_model.safetensors"})
    void load_whereAFileIsADeviceOrAPipe_refusesUnopened(String name) throws Exception {
        Path file = dir.resolve(name);
        Files.delete(file);
        Files.createSymbolicLink(file, Path.of("/dev/zero"));
        assertThatThrownBy(() -> Adapter.load(dir))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(name);

        Files.delete(file);
        makePipe(file);
        assertThatThrownBy(() -> Adapter.load(dir))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(name);
    }

    @Test
    void load_whereTheOlderFormatIsADevice_refusesUnopened() throws IOException {
        Files.delete(dir.resolve("adapter_model.safetensors"));
        Files.createSymbolicLink(dir.resolve("adapter_model.bin"), Path.of("/dev/zero"));

        assertThatThrownBy(() -> Adapter.load(dir)).isInstanceOf(IOException.class);
    }

    @Test
    void load_throughLinksToRegularFiles_works_asInCachesOfTheHub() throws IOException {
        adapter.save(others);
        Path snapshot = Files.createDirectory(temp.resolve("snapshot"));
        for (Path file : children(others)) {
            Files.createSymbolicLink(snapshot.resolve(file.getFileName()), file);
        }
        Path latest = Files.createSymbolicLink(temp.resolve("latest"), snapshot);

        assertThat(Adapter.load(latest)).isEqualTo(adapter);

        old.save(latest);
        assertThat(Adapter.load(snapshot)).isEqualTo(old);
        assertThat(Adapter.load(others)).isEqualTo(adapter);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/dev/null/x", "/dev/null"})
    void save_toADevice_saysWhatItIs(String place) {
        assertThatThrownBy(() -> adapter.save(Path.of(place)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("/dev/null is no directory")
                .hasMessageNotContaining("space");
    }

    /** Directories that are there and take no files, whoever asks. */
    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "/proc is Linux' own")
    void save_toADirectoryOfTheSystem_failsAtOnce_withoutAdviceToFreeSpace() {
        assertThatThrownBy(() -> adapter.save(Path.of("/proc/self")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("/proc/self")
                .hasMessageNotContainingAny("space", "another thread or process");
    }

    private static void makePipe(Path pipe) throws Exception {
        Process process = new ProcessBuilder("mkfifo", pipe.toString()).start();
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    private static List<Path> children(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }
}
