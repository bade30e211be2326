/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine.Model.ArgSpec;

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

    private static List<String> required(Commands.Entry entry) {
        return CliProgram.line(entry.maker().get()).getCommandSpec().positionalParameters().stream()
                .filter(argument -> argument.arity().min() > 0)
                .map(ArgSpec::paramLabel)
                .toList();
    }

    static Stream<Commands.Entry> withArguments() {
        return Commands.all().stream().filter(entry -> !required(entry).isEmpty());
    }

    /** As a script calls it whose variable is empty. */
    @ParameterizedTest
    @MethodSource("withArguments")
    void missingArguments_areToldByTheirNames(Commands.Entry entry) {
        CliRun run = CliRun.of(entry.name());
        assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err())
                .startsWith("lora4j " + entry.name() + ":")
                .contains(required(entry))
                .contains("--help");
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

    /** picocli formats with the default locale. */
    @Test
    void completion_isTheSameInEachLocale() {
        Locale before = Locale.getDefault();
        String script = CliRun.of("completion", "bash").out();
        Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
        try {
            assertThat(CliRun.of("completion", "bash").out()).isEqualTo(script);
        } finally {
            Locale.setDefault(before);
        }
    }

    /** What a shell says to lines of its own, with the completion of that shell in {@code complete}; skipped without the shell. */
    private List<String> said(String shell, String lines) throws Exception {
        Path program = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .map(place -> Path.of(place, shell))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        Assumptions.assumeTrue(program != null, "skipped: there is no " + shell);
        Files.writeString(
                folder.resolve("complete"), CliRun.of("completion", shell).out());
        Path script = Files.writeString(folder.resolve("script"), lines);
        Path said = folder.resolve("said");
        ProcessBuilder builder = new ProcessBuilder(program.toString(), script.toString())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile());
        builder.environment().put("HOME", folder.toString());
        builder.environment().put("TERM", "vt100");
        Process process = builder.start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(shell + " does not complete it: " + Files.readString(said));
        }
        return Files.readAllLines(said);
    }

    @Test
    void fish_completesCommandsOptionsAndFiles() throws Exception {
        Files.writeString(folder.resolve("questions.csv"), "text,label\n");
        List<String> said = said("fish", """
                source complete
                complete -C "lora4j tr"
                echo ==
                complete -C "lora4j train --res"
                echo ==
                complete -C "lora4j predict --inp"
                echo ==
                complete -C "lora4j train --data quest"
                echo ==
                complete -C "lora4j completion "
                """);
        assertThat(said)
                .containsSubsequence(
                        "train\tlearns from a file of examples, and writes a model",
                        "==",
                        "--resume\tgo on with a run that was stopped; needs --out alone",
                        "==")
                .anyMatch(line -> line.startsWith("--input\t"))
                .contains("questions.csv", "bash", "zsh", "fish")
                .noneMatch(line -> line.startsWith("fish:"));
    }

    @Test
    void zsh_completesCommandsAndOptions() throws Exception {
        // A shell that somebody types into, as completion by tabulators is of these only.
        List<String> said = said("zsh", """
                zmodload zsh/zpty
                zpty shell 'zsh -f -i'
                zpty -w shell 'autoload -Uz compinit && compinit -u -D; source ./complete; echo re""ady'
                zpty -r -m shell all '*ready*'
                zpty -n -w shell $'lora4j train --res\\t'
                zpty -r -m shell all '*--resume*'
                echo option
                zpty -n -w shell $'\\x15lora4j comb\\t'
                zpty -r -m shell all '*lora4j combine*'
                echo command
                zpty -d shell
                """);
        assertThat(said).containsExactly("option", "command");
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
