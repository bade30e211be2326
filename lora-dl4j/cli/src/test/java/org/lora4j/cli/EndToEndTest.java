/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program as a process: what it says where, how it ends, and what it leaves behind when it is stopped. */
@Timeout(300)
class EndToEndTest {

    private static final String WEIGHTS = "adapter_model.safetensors";

    @TempDir
    Path parent;

    /** With a space, an umlaut and a letter that no locale but Unicode has. */
    private Path folder() throws IOException {
        return Files.createDirectories(parent.resolve("Täst größe 数"));
    }

    private static String[] training(String out, String... more) {
        String[] first = {
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
            out,
            "--set",
            "validation-fraction=0",
            "--epochs",
            "4",
            "--set",
            "checkpoint-steps=1"
        };
        String[] all = java.util.Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return all;
    }

    @Test
    void help_isThereAtOnceAndLogsNothing() throws Exception {
        CliProcess.Result help = CliProcess.in(folder()).run("--help");
        assertThat(help.code()).isZero();
        assertThat(help.out()).contains("lora4j train --data questions.csv", "predict");
        assertThat(help.err()).isEmpty();
    }

    @Test
    void mistakes_haveTheirCodesAndWords() throws Exception {
        Path folder = folder();
        CliProcess.write(folder.resolve("questions.csv"), "text,label\na,b\n");
        CliProcess.Result column = CliProcess.in(folder)
                .option("-Duser.language=ar")
                .option("-Duser.country=EG")
                .run("train", "--data", "questions.csv", "--label", "lable", "--out", "model", "--json");
        assertThat(column.code()).isEqualTo(3);
        assertThat(column.err()).contains("column 'lable' is not in questions.csv; there are: text, label (line 1)");
        assertThat(column.out()).contains("\"exit_code\" : 3");
        assertThat(folder.resolve("model")).doesNotExist();
        assertThat(folder.resolve("model.run")).doesNotExist();
    }

    @Test
    void aStoppedRun_goesOnToTheSameBytes() throws Exception {
        Path folder = folder();
        TinyFiles.encoder(folder.resolve("encoder"));
        // As a spreadsheet writes it: a mark, semicolons, quotes, Windows line ends.
        String rows = TinyFiles.questions(120, ';')
                .replace("where is", "\"where is\"")
                .replace("\n", "\r\n");
        Files.write(folder.resolve("questions.csv"), ("\uFEFF" + rows).getBytes(StandardCharsets.UTF_8));
        // Without a home, in a language with digits and decimal marks of its own.
        CliProcess cli = CliProcess.in(folder)
                .with("HOME", null)
                .option("-Duser.home=/nowhere")
                .option("-Duser.language=ar")
                .option("-Duser.country=EG");

        CliProcess.Result whole = cli.run(training("whole"));
        assertThat(whole.code()).as(whole.err()).isZero();
        // An adapter that learned, not one of zeros beside a head.
        assertThat(Files.readString(folder.resolve("whole/lora4j_text.json")))
                .containsPattern("\"start_kept\" ?: ?false");
        byte[] expected = Files.readAllBytes(folder.resolve("whole").resolve(WEIGHTS));

        CliProcess.Running first = cli.start(training("stopped"));
        // In the first epoch, which takes longest: the next lines must find it at work on a busy machine, too.
        first.waitFor("training 1810 numbers");
        // What another process trains is in use: nothing may take its place, and nothing may remove it.
        // It is held meanwhile, as the other one may take longer to start than this one to learn.
        first.signal("STOP");
        CliProcess.Result other = cli.run(training("stopped", "--force"));
        assertThat(other.code()).as(other.err()).isEqualTo(3);
        assertThat(other.err()).contains("is another process at it?");
        first.signal("INT");
        first.signal("CONT");
        CliProcess.Result stopped = first.end();
        assertThat(stopped.code()).as(stopped.err()).isEqualTo(130);
        assertThat(stopped.err()).contains("It goes on with:", "lora4j train --resume --out stopped");
        assertThat(folder.resolve("stopped")).doesNotExist();

        CliProcess.Running second = cli.start("train", "--resume", "--out", "stopped");
        second.waitFor("epoch 2:");
        second.process().destroyForcibly();
        assertThat(second.end().code()).isEqualTo(137);
        assertThat(folder.resolve("stopped")).doesNotExist();

        CliProcess.Result resumed = cli.run("train", "--resume", "--out", "stopped");
        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(Files.readAllBytes(folder.resolve("stopped").resolve(WEIGHTS)))
                .isEqualTo(expected);
        assertThat(folder.resolve("stopped.run")).doesNotExist();
    }
}
