/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every command has: help that fits a screen, an example, words for what was mistyped. */
class CommandsTest {

    private static final int SCREEN = 50;
    private static final int WIDTH = 80;

    @TempDir
    Path folder;

    static Stream<String> names() {
        return Commands.all().stream().map(Commands.Entry::name);
    }

    @ParameterizedTest
    @MethodSource("names")
    void help_fitsAScreenAndHasAnExample(String name) {
        CliRun help = CliRun.of(name, "--help");
        assertThat(help.code()).isEqualTo(ExitCode.OK);
        assertThat(help.out()).contains("Usage: lora4j " + name, "Examples:");
        assertThat(help.out().substring(help.out().indexOf("Examples:"))).contains("lora4j ");
        assertThat(help.out().lines().count()).as(help.out()).isLessThanOrEqualTo(SCREEN);
        assertThat(help.out().lines()).allMatch(line -> line.length() <= WIDTH + 10);
        assertThat(CliRun.of("help", name).out()).isEqualTo(help.out());
    }

    @ParameterizedTest
    @MethodSource("names")
    void unknownOptions_areToldByTheCommand(String name) {
        CliRun run = CliRun.of(name, "--verbos");
        assertThat(run.code()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("lora4j " + name + ":", "\"--verbos\"").contains("--help");
    }

    @Test
    void theFirstHelp_listsAllCommands() {
        String help = CliRun.of("--help").out();
        assertThat(names()).allMatch(help::contains);
        assertThat(help.lines().count()).isLessThanOrEqualTo(SCREEN);
        assertThat(CliRun.of().code()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void helpOfSettings_listsEachWithItsMeaning() {
        String help = CliRun.of("help", "settings").out();
        assertThat(Setting.keys()).allMatch(key -> help.contains("  " + key));
    }

    @Test
    void mistakes_haveNearNames() {
        assertThat(CliRun.of("trian").err()).contains("closest: \"train\"");
        assertThat(CliRun.of("train", "--daat", "x").err()).contains("closest: \"--data\"");
        assertThat(CliRun.of("train", "--weight-decay", "1").err()).contains("--set weight-decay=VALUE");
        CliRun json = CliRun.of("train", "--daat", "x", "--json");
        assertThat(json.out()).contains("\"error\"", "\"exit_code\" : 2");
    }

    @Test
    void printConfig_repeatsTheRun() throws IOException {
        CliRun printed = CliRun.of("train", "--data", "q.csv", "--rank", "4", "--set", "warmup=0.1", "--print-config");
        Path file = Files.writeString(folder.resolve("x.yaml"), printed.out());
        assertThat(printed.out()).contains("data: q.csv", "rank: 4", "warmup: 0.1", "# epochs: 3");
        assertThat(CliRun.of("train", "--config", file.toString(), "--print-config")
                        .out())
                .isEqualTo(printed.out());
    }

    @Test
    void wordsOfOthers_areWrittenBackAsOurs() throws IOException {
        Path file = Files.writeString(folder.resolve("peft.yaml"), "r: 4\nlora_alpha: 8\nnum_train_epochs: 2.0\n");
        CliRun run = CliRun.of("train", "--config", file.toString(), "--print-config");
        assertThat(run.out()).contains("rank: 4", "alpha: 8", "epochs: 2");
        assertThat(run.err()).contains("note: r is called rank here");
        Files.writeString(file, "epochs: 3\nlora_alfa: 8\n");
        assertThat(CliRun.of("train", "--config", file.toString(), "--print-config")
                        .err())
                .contains("peft.yaml, line 2: there is no setting \"lora_alfa\"");
    }

    @Test
    void init_findsColumnsAndWritesAFileThatIsRead() throws IOException {
        Path data = Files.writeString(
                folder.resolve("d.csv"), "id,question,intent\n1,where is my card,card\n2,the rate,rate\n");
        Path file = folder.resolve("lora4j.yaml");
        assertThat(CliRun.of("init", "--data", data.toString(), "--file", file.toString())
                        .code())
                .isEqualTo(ExitCode.OK);
        assertThat(Files.readString(file)).contains("text: question", "label: intent", "# epochs: 3");
        assertThat(CliRun.of("train", "--config", file.toString(), "--print-config")
                        .out())
                .contains("text: question");
        assertThat(CliRun.of("init", "--data", data.toString(), "--file", file.toString())
                        .err())
                .contains("nothing is overwritten");
    }

    @Test
    void completions_nameCommandsAndOptions() throws Exception {
        String bash = CliRun.of("completion", "bash").out();
        assertThat(bash).contains("predict", "--text");
        assertThat(CliRun.of("completion", "fish").out())
                .contains("complete -c lora4j -n __fish_use_subcommand -f -a train")
                .contains("-l resume");
        assertThat(CliRun.of("completion", "tcsh").code()).isEqualTo(ExitCode.USAGE);
        Path script = Files.writeString(folder.resolve("complete"), bash + "\necho complete\n");
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "there is no bash");
        Process shell = new ProcessBuilder("/bin/bash", script.toString())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(shell.getInputStream().readAllBytes())).isEqualTo("complete\n");
        assertThat(shell.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void bases_areFoundInHuggingFacesCache() throws IOException {
        Path repository = folder.resolve("hub/models--some--model");
        Path snapshot = TinyFiles.encoder(repository.resolve("snapshots/abc123"));
        Files.createDirectories(repository.resolve("refs"));
        Files.writeString(repository.resolve("refs/main"), "abc123\n");
        Map<String, String> environment =
                Map.of("HF_HUB_CACHE", folder.resolve("hub").toString());
        assertThat(Bases.find("some/model", environment).path()).contains(snapshot);
        assertThat(CliRun.with(environment, "modules", "some/model").out())
                .contains("encoder.layer.*.attention.self.query");
        assertThat(CliRun.with(environment, "modules", "some/other").err())
                .contains("Nothing is downloaded", "hf download some/other");
        assertThat(CliRun.of("modules", "all-minilm-l6-v3").err()).contains("closest: \"all-minilm-l6-v2\"");
    }
}
