/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.trust.ModelSignature;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Paths, locks and renames by the rules of Windows, in a file system in memory: drives, backslashes, names that differ in case alone,
 * no POSIX attributes. That an open file can be neither replaced nor removed there is not among these rules.
 */
class WindowsRulesTest {

    private static final String CONFIG = "adapter_config.json";

    private FileSystem windows;
    private Path work;

    @BeforeEach
    void create() throws IOException {
        windows = Jimfs.newFileSystem(Configuration.windows().toBuilder()
                .setRoots("C:\\", "D:\\")
                .setWorkingDirectory("C:\\work")
                .build());
        work = windows.getPath("C:\\work");
    }

    @AfterEach
    void close() throws IOException {
        windows.close();
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private Path directory(String name) throws IOException {
        return Files.createDirectories(windows.getPath(name));
    }

    @Test
    void file_isReplacedWhole_alsoByAnotherCaseOfItsName() throws IOException {
        WholeFile.write(work.resolve("model.json"), "first");
        WholeFile.write(work.resolve("MODEL.JSON"), "second\nline");

        assertThat(names(work)).hasSize(1);
        assertThat(Files.readAllBytes(work.resolve("model.json"))).isEqualTo("second\nline".getBytes());
    }

    @Test
    void file_inThePlaceOfADirectory_isRefused_withWindowsPathInTheMessage() throws IOException {
        directory("C:\\work\\model.json");

        assertThatThrownBy(() -> WholeFile.write(work.resolve("model.json"), "text"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("C:\\work\\model.json")
                .hasMessageContaining("is a directory");
        assertThat(names(work)).containsExactly("model.json");
    }

    @Test
    void filesOfASave_areCommitted_overAnOlderSave() throws IOException {
        Path saved = work.resolve("adapter");
        for (String text : List.of("first", "second")) {
            StagedFiles.replace("save", saved, staging -> Files.writeString(staging.resolve(CONFIG), text));
        }

        assertThat(names(saved)).containsExactly(CONFIG);
        assertThat(Files.readString(saved.resolve(CONFIG))).isEqualTo("second");
    }

    @Test
    void directory_isReplacedWhole() throws IOException {
        Path model = work.resolve("model");
        StagedDirectory.replace("save", model, staging -> Files.writeString(staging.resolve("old"), "1"));
        StagedDirectory.replace("save", model, staging -> Files.writeString(staging.resolve("new"), "2"));

        assertThat(names(model)).containsExactly("new");
        assertThat(names(work)).containsExactly("model");
    }

    @Test
    void adapter_isSavedAndLoaded() throws IOException {
        Adapter adapter = Adapter.of(
                LoraConfig.builder().rank(1).alpha(1).targetModules("query").build(),
                Map.of(
                        "query",
                        Map.of(
                                "lora_A.weight", Nd4j.ones(DataType.FLOAT, 1, 2),
                                "lora_B.weight", Nd4j.ones(DataType.FLOAT, 3, 1))),
                Map.of());
        Path directory = windows.getPath("D:\\models\\adapter");

        adapter.save(directory);
        adapter.save(directory);

        assertThat(Adapter.load(directory)).isEqualTo(adapter);
        for (String name : names(directory)) {
            assertThat(Files.readString(directory.resolve(name), StandardCharsets.ISO_8859_1))
                    .as("%s has the line ends that it has elsewhere", name)
                    .doesNotContain("\r\n");
        }
    }

    @Test
    void signature_madeThere_isVerifiedHere(@TempDir Path here) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        KeyPair keys = generator.generateKeyPair();
        Path model = directory("C:\\model");
        Files.writeString(directory("C:\\model\\1_Pooling").resolve("config.json"), "{}");
        Files.writeString(model.resolve("config.json"), "{}");
        Path signature = ModelSignature.sign(model, keys);

        Files.createDirectory(here.resolve("model"));
        Files.createDirectory(here.resolve("model/1_Pooling"));
        for (String name : List.of(
                "config.json", "1_Pooling/config.json", signature.getFileName().toString())) {
            Files.write(here.resolve("model").resolve(name), Files.readAllBytes(model.resolve(name)));
        }

        assertThatCode(() -> ModelSignature.verify(here.resolve("model"), List.of(keys.getPublic())))
                .doesNotThrowAnyException();
    }

    @Test
    void lock_isTheSame_whateverTheCaseOfItsName() throws IOException {
        try (WriteLock lock = WriteLock.take(work.resolve(".lock"), Duration.ZERO)) {
            assertThat(lock).isNotNull();
            assertThatThrownBy(() -> WriteLock.take(windows.getPath("c:\\WORK\\.LOCK"), Duration.ofMillis(50)))
                    .hasMessageContaining("another thread or process is writing there");
        }
        WriteLock.take(work.resolve(".lock"), Duration.ZERO).close();
        assertThat(names(work)).isEmpty();
    }

    private static Optional<Path> find(String name, Path folder) throws IOException {
        return AllowedFolders.find(name, candidate -> candidate, folder);
    }

    @Test
    void base_isFoundByItsLastNames_whereverTheFileWasWritten() throws IOException {
        Path models = directory("C:\\models");
        Path base = directory("C:\\models\\bge");
        for (String name : List.of("C:\\models\\bge", "c:\\MODELS\\BGE", "D:\\elsewhere\\bge", "models/bge", "bge")) {
            assertThat(find(name, models)).as(name).contains(base);
        }
        assertThat(find("..\\work", models)).isEmpty();
        assertThat(find("D:\\work", models)).isEmpty();
        assertThat(find("a<b>", models)).isEmpty();
    }

    @Test
    void base_thatWasNamedOnWindows_isFoundElsewhere() throws IOException {
        try (FileSystem unix = Jimfs.newFileSystem(Configuration.unix())) {
            Path models = Files.createDirectories(unix.getPath("/data/models"));
            Path base = Files.createDirectories(models.resolve("bge"));
            Path odd = Files.createDirectories(models.resolve("a\\b"));

            assertThat(find("C:\\Users\\me\\models\\bge", models)).contains(base);
            assertThat(find("a\\b", models))
                    .as("a name of this system comes first")
                    .contains(odd);
            assertThat(find("C:\\..\\..\\..\\etc", models)).isEmpty();
        }
    }
}
