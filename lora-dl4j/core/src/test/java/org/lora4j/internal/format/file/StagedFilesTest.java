/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StagedFilesTest {

    private static final String CONFIG = "adapter_config.json";
    private static final String TASK = "lora4j_text.json";
    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final String OTHER_WEIGHTS = "lora4j_text.safetensors";
    private static final List<String> NAMES = List.of(CONFIG, WEIGHTS, TASK, OTHER_WEIGHTS);

    @TempDir
    Path temp;

    @Test
    void commit_toANewDirectory_leavesOnlyTheFiles() throws IOException {
        Path dir = temp.resolve("a/b");
        save(dir, "new");

        assertThat(children(dir)).containsExactlyElementsOf(NAMES);
        assertThat(located(dir)).containsOnly("new");
    }

    @Test
    void commit_overOlderFiles_replacesThemAndKeepsOthers() throws IOException {
        save(temp, "old");
        Files.writeString(temp.resolve("other"), "mine");
        Files.createDirectories(temp.resolve("below"));

        save(temp, "new");

        assertThat(children(temp)).containsExactly(CONFIG, WEIGHTS, "below", TASK, OTHER_WEIGHTS, "other");
        assertThat(located(temp)).containsOnly("new");
    }

    /** PEFT would open the adapter of the save before. */
    @Test
    void commit_ofAnotherKind_removesTheFilesOfTheOlderSave() throws IOException {
        save(temp, "old");
        Files.writeString(temp.resolve(StagedFiles.CARD), StagedFiles.CARD_MARK + " of an adapter");
        Files.writeString(temp.resolve("other"), "mine");

        saveTask(temp);

        assertThat(children(temp)).containsExactly(TASK, OTHER_WEIGHTS, "other");
        assertThat(temp.resolve(TASK)).hasContent("new");
    }

    @Test
    void commit_ofAnotherKind_keepsACardThatIsNotOurs() throws IOException {
        save(temp, "old");
        Files.writeString(temp.resolve(StagedFiles.CARD), "my notes");

        saveTask(temp);

        assertThat(children(temp)).containsExactly(StagedFiles.CARD, TASK, OTHER_WEIGHTS);
    }

    @Test
    void crash_afterAnyStepOfACommitOfAnotherKind_isFinishedByTheNextSave() throws IOException {
        int steps = otherKindCommitted(temp.resolve("count")).size();
        for (int done = 0; done <= steps; done++) {
            Path dir = temp.resolve("crash" + done);
            for (StagedFiles.Step step : otherKindCommitted(dir).subList(0, done)) {
                step.run();
            }

            assertThat(StagedFiles.locate(dir, TASK)).as("after %s steps", done).hasContent("new");
            assertThat(StagedFiles.locate(dir, OTHER_WEIGHTS)).hasContent("new");
            StagedFiles.begin(dir).close();

            assertThat(children(dir)).as("after %s steps", done).containsExactly(TASK, OTHER_WEIGHTS);
        }
    }

    private static void saveTask(Path dir) throws IOException {
        StagedFiles.replace("Test", dir, staging -> {
            WholeFile.write(staging.resolve(TASK), "new");
            WholeFile.write(staging.resolve(OTHER_WEIGHTS), "new");
        });
    }

    private static List<StagedFiles.Step> otherKindCommitted(Path dir) throws IOException {
        save(dir, "old");
        Path committed = Files.createDirectory(dir.resolve(StagedFiles.COMMITTED));
        Files.createFile(committed.resolve(StagedFiles.REPLACING));
        Files.writeString(committed.resolve(TASK), "new");
        Files.writeString(committed.resolve(OTHER_WEIGHTS), "new");
        return StagedFiles.steps(dir);
    }

    @Test
    void close_withoutCommit_leavesTheOldFilesAndNothingElse() throws IOException {
        save(temp, "old");

        assertThatThrownBy(() -> {
                    try (StagedFiles staged = StagedFiles.begin(temp)) {
                        WholeFile.write(staged.staging().resolve(WEIGHTS), "new");
                        throw new IOException("No space left on device");
                    }
                })
                .hasMessage("No space left on device");

        assertThat(children(temp)).containsExactlyElementsOf(NAMES);
        assertThat(located(temp)).containsOnly("old");
    }

    @Test
    void close_withoutCommit_removesADirectoryThatItCreated() throws IOException {
        Path dir = temp.resolve("fresh");
        try (StagedFiles staged = StagedFiles.begin(dir)) {
            WholeFile.write(staged.staging().resolve(WEIGHTS), "new");
        }

        assertThat(dir).doesNotExist();
    }

    @Test
    void crash_beforeTheCommit_leavesTheOldFiles_andTheNextSaveCleansUp() throws IOException {
        save(temp, "old");
        Files.writeString(
                Files.createDirectory(temp.resolve(StagedFiles.STAGING)).resolve(WEIGHTS), "half");
        Files.createFile(temp.resolve(StagedFiles.LOCK));

        assertThat(located(temp)).containsOnly("old");
        save(temp, "new");
        assertThat(children(temp)).containsExactlyElementsOf(NAMES);
        assertThat(located(temp)).containsOnly("new");
    }

    @Test
    void crash_afterAnyStepOfTheCommit_leavesTheNewFilesForUs_andNoMixtureForOthers() throws IOException {
        int steps = committedButNotMoved(temp.resolve("count")).size();
        assertThat(steps).isGreaterThan(4);
        for (int done = 0; done <= steps; done++) {
            Path dir = temp.resolve("crash" + done);
            List<StagedFiles.Step> all = committedButNotMoved(dir);
            for (StagedFiles.Step step : all.subList(0, done)) {
                step.run();
            }

            assertThat(located(dir)).as("after %s steps", done).containsOnly("new");
            for (String head : List.of(CONFIG, TASK)) {
                if (Files.exists(dir.resolve(head))) {
                    assertThat(List.of(WEIGHTS, OTHER_WEIGHTS))
                            .as("in place with %s after %s steps", head, done)
                            .extracting(name -> Files.readString(dir.resolve(name)))
                            .containsOnly(Files.readString(dir.resolve(head)));
                }
            }
        }
    }

    @Test
    void crash_afterAnyStepOfTheCommit_isFinishedByTheNextSave() throws IOException {
        int steps = committedButNotMoved(temp.resolve("count")).size();
        for (int done = 0; done <= steps; done++) {
            Path dir = temp.resolve("crash" + done);
            for (StagedFiles.Step step : committedButNotMoved(dir).subList(0, done)) {
                step.run();
            }

            StagedFiles.begin(dir).close();

            assertThat(children(dir)).containsExactlyElementsOf(NAMES);
            assertThat(located(dir)).containsOnly("new");
        }
    }

    @Test
    void commit_whereAFolderIsInTheWay_leavesTheOldFiles() throws IOException {
        save(temp, "old");
        Files.delete(temp.resolve(TASK));
        Files.createDirectory(temp.resolve(TASK));

        assertThatThrownBy(() -> save(temp, "new")).hasMessageContaining(TASK + ": is a directory");

        assertThat(children(temp)).containsExactlyElementsOf(NAMES);
        assertThat(temp.resolve(CONFIG)).hasContent("old");
        assertThat(temp.resolve(WEIGHTS)).hasContent("old");
    }

    @Test
    void replace_whereOneFileCannotBeReplaced_saysThatNothingChanged() throws IOException {
        save(temp, "old");
        Files.delete(temp.resolve(TASK));
        Files.createDirectory(temp.resolve(TASK));

        assertThatThrownBy(() -> StagedFiles.replace("TextClassifier.save", temp, staging -> {
                    for (String name : NAMES) {
                        WholeFile.write(staging.resolve(name), "new");
                    }
                }))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("TextClassifier.save(" + temp + "): ")
                .hasMessageContaining("what was there before is unchanged");

        assertThat(children(temp)).containsExactlyElementsOf(NAMES);
        assertThat(temp.resolve(WEIGHTS)).hasContent("old");
    }

    @Test
    void replace_byAFileThatNoSaveKnows_isRefused_andNothingChanges() throws IOException {
        save(temp, "old");

        assertThatThrownBy(() -> StagedFiles.replace(
                        "Test", temp, staging -> WholeFile.write(staging.resolve("notes.txt"), "new")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"notes.txt\" is no file that a save may write");

        assertThat(children(temp)).containsExactlyElementsOf(NAMES);
    }

    @Test
    void begin_whereAFileIsInTheWay_leavesIt() throws IOException {
        Path file = Files.writeString(temp.resolve("f"), "mine");

        assertThatThrownBy(() -> StagedFiles.begin(file)).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(file).hasContent("mine");
    }

    /** The state at the commit itself: old files in place, new ones complete beside them. */
    private static List<StagedFiles.Step> committedButNotMoved(Path dir) throws IOException {
        save(dir, "old");
        Path committed = Files.createDirectory(dir.resolve(StagedFiles.COMMITTED));
        for (String name : NAMES) {
            Files.writeString(committed.resolve(name), "new");
        }
        return StagedFiles.steps(dir);
    }

    private static void save(Path dir, String text) throws IOException {
        try (StagedFiles staged = StagedFiles.begin(dir)) {
            for (String name : NAMES) {
                WholeFile.write(staged.staging().resolve(name), text);
            }
            staged.commit();
        }
    }

    private static List<String> located(Path dir) throws IOException {
        List<String> texts = new ArrayList<>();
        for (String name : NAMES) {
            texts.add(Files.readString(StagedFiles.locate(dir, name)));
        }
        return texts;
    }

    private static List<String> children(Path dir) throws IOException {
        try (var files = Files.list(dir)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
