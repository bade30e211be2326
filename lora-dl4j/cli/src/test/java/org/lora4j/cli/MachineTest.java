/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Machines that are not as they should be: disks that are full or cannot be written, and people who cannot wait. */
@Timeout(300)
class MachineTest {

    @TempDir
    Path parent;

    /** A folder whose name is not plain ASCII, with an encoder and questions. */
    private Path folder(int questions) throws IOException {
        Path folder = Files.createDirectories(parent.resolve("Größe 数"));
        TinyFiles.encoder(folder.resolve("encoder"));
        Files.write(
                folder.resolve("questions.csv"),
                TinyFiles.questions(questions, ',').getBytes(StandardCharsets.UTF_8));
        return folder;
    }

    private static String[] training(String out) {
        return new String[] {
            "train",
            "--base",
            "encoder",
            "--data",
            "questions.csv",
            "--text",
            "question",
            "--label",
            "intent",
            "--out",
            out
        };
    }

    /** Mounting in a space of one's own needs no rights, where the system lets it. */
    private static void assumeMounts() throws IOException, InterruptedException {
        boolean works;
        try {
            Process process = new ProcessBuilder("unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt")
                    .redirectErrorStream(true)
                    .start();
            process.getInputStream().readAllBytes();
            works = process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            works = false;
        }
        Assumptions.assumeTrue(works, "skipped: nothing can be mounted here (unshare -rm mount -t tmpfs)");
    }

    @Test
    void aResultThatNobodyGets_isAFailure() throws Exception {
        Path full = Path.of("/dev/full");
        Assumptions.assumeTrue(Files.isWritable(full), "skipped: there is no /dev/full");
        CliProcess.Result help = CliProcess.in(parent).outTo(full).run("--help");
        assertThat(help.code()).isEqualTo(3);
        assertThat(help.err()).contains("standard output cannot be written: No space left on device");
    }

    @Test
    @Tag("thorough")
    void sigterm_endsAfterTheStep_andTheRunGoesOn() throws Exception {
        Path folder = folder(200);
        CliProcess.Running running = CliProcess.in(folder)
                .start(append(
                        training("model"), "--epochs", "200", "--set", "patience=200", "--set", "checkpoint-steps=1"));
        running.waitFor("epoch 1:");
        running.signal("TERM");
        CliProcess.Result stopped = running.end();
        assertThat(stopped.code()).as(stopped.err()).isEqualTo(143);
        assertThat(stopped.err()).contains("It goes on with:", "lora4j train --resume --out model");
        assertThat(folder.resolve("model")).doesNotExist();
        CliProcess.Running resumed = CliProcess.in(folder).start("train", "--resume", "--out", "model");
        resumed.waitFor("epoch 2:");
        resumed.process().destroyForcibly();
        assertThat(resumed.end().err()).doesNotContain("epoch 1:");
    }

    @Test
    @Tag("thorough")
    void aSecondSignal_endsAtOnce() throws Exception {
        Path folder = folder(4_000);
        CliProcess.Running running = CliProcess.in(folder)
                .start(append(
                        training("model"),
                        "--batch-size",
                        "1",
                        // One step that takes the whole epoch.
                        "--set",
                        "accumulation=100000",
                        "--set",
                        "validation-fraction=0",
                        "--method",
                        "full"));
        running.waitFor("training ");
        running.signal("INT");
        running.waitFor("once more ends at once");
        running.signal("INT");
        CliProcess.Result ended = running.end();
        assertThat(ended.code()).isEqualTo(130);
        assertThat(ended.err()).doesNotContain("stopped");
        assertThat(folder.resolve("model")).doesNotExist();
    }

    @Test
    @Tag("thorough")
    void aFullDisk_leavesNoHalfModelAndIsTold() throws Exception {
        assumeMounts();
        Path folder = folder(200);
        Path disk = Files.createDirectories(folder.resolve("disk"));
        // Some of what a training writes fits, all of it does not.
        CliProcess.Result result = CliProcess.in(folder)
                .shell("mount -t tmpfs -o size=24k none \"" + disk + "\" && \"$@\"; code=$?; ls -A \"" + disk
                        + "\" >&2; exit $code")
                .run(training("disk/model"));
        assertThat(result.code()).as(result.err()).isEqualTo(3);
        assertThat(result.err()).contains("No space left on device");
        assertThat(result.err().lines().map(String::strip)).as("what is left").doesNotContain("model");
    }

    @Test
    @Tag("thorough")
    void aReadOnlyFileSystem_isEnoughToPredict() throws Exception {
        assumeMounts();
        Path folder = folder(40);
        CliProcess.Result trained = CliProcess.in(folder).run(training("model"));
        assertThat(trained.code()).as(trained.err()).isZero();
        Path cache = Files.createDirectories(parent.resolve("cache"));
        CliProcess readOnly = CliProcess.in(folder)
                .with("HOME", null)
                .option("-Duser.home=/nowhere")
                .shell("mount --bind \"" + parent + "\" \"" + parent + "\" && mount -t tmpfs none \"" + cache
                        + "\" && mount -o remount,bind,ro \"" + parent + "\" && \"$@\"");
        CliProcess.Result answer = readOnly.run("predict", "model", "where is my card", "--cache", cache.toString());
        assertThat(answer.code()).as(answer.err()).isZero();
        assertThat(answer.out()).matches("(card|rate)\t[01]\\.\\d+\n");
        assertThat(readOnly.run("inspect", "model").code()).isZero();
        CliProcess.Result refused = readOnly.run(append(training("other"), "--cache", cache.toString()));
        assertThat(refused.code()).as(refused.err()).isEqualTo(3);
        assertThat(refused.err()).containsIgnoringCase("read-only file system");
    }

    private static String[] append(String[] first, String... more) {
        String[] all = Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return all;
    }
}
