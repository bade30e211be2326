/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.commands;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lora4j.cli.CommandGrammar;
import org.lora4j.integration.commands.DocumentedCommand.Form;

/** What documents say to type is understood by the build and by the program. {@code -Pdocumented-commands} runs it. */
class DocumentedCommandsTest {

    private static final Path ROOT = Path.of(System.getProperty("lora4j.root"));

    private static CommandTable table;
    private static BuildFiles build;
    private static List<DocumentedCommand> commands;

    @BeforeAll
    static void read() throws IOException {
        table = CommandTable.read(ROOT);
        build = BuildFiles.of(ROOT);
        commands = DocumentedCommands.in(ROOT);
    }

    private static List<String> problems(DocumentedCommand command) {
        String text = table.filled(command.text());
        if (table.ruleOf(text, command.document()).noCommand().isPresent()) {
            return List.of();
        }
        if (command.form() == Form.OPTIONS) {
            return ShellWords.commands(text).stream()
                    .flatMap(words -> problemsOfOptions(words).stream())
                    .toList();
        }
        List<String> problems = new ArrayList<>();
        for (List<String> words : ShellWords.commands(text)) {
            List<String> arguments = words.subList(1, words.size());
            if (words.get(0).equals("mvn")) {
                problems.addAll(MavenCall.of(arguments).problems(build, table.propertiesOfOthers()));
            } else if (words.get(0).matches("(.*/)?lora4j")) {
                CommandGrammar.problem(arguments, command.form() == Form.LINE).ifPresent(problems::add);
            }
        }
        return problems;
    }

    private static List<String> problemsOfOptions(List<String> words) {
        String first = words.get(0);
        if (first.startsWith("-D") || first.startsWith("-P")) {
            return MavenCall.of(words).problems(build, table.propertiesOfOthers());
        }
        if (table.optionsOfOthers().contains(first.replaceFirst("=.*", ""))) {
            return List.of();
        }
        if (first.startsWith("-")) {
            return CommandGrammar.isKnown(words) ? List.of() : List.of("no command of lora4j has these options");
        }
        return CommandGrammar.problem(words, false).stream().toList();
    }

    @Test
    void everyCommand_isUnderstood() {
        assertThat(commands).hasSizeGreaterThan(300);
        assertThat(commands.stream()
                        .flatMap(command -> problems(command).stream()
                                .map(problem -> command.place() + ": " + command.text() + ": " + problem)))
                .isEmpty();
    }

    @Test
    void everyRuleOfTheTable_isOfACommand() {
        assertThat(table.rules().stream()
                        .filter(rule -> commands.stream()
                                .filter(command -> command.form() != Form.OPTIONS
                                        || rule.noCommand().isPresent())
                                .noneMatch(command -> rule.isOf(table.filled(command.text()), command.document())))
                        .map(rule -> rule.command() + " in " + rule.in()))
                .isEmpty();
    }

    @Test
    void mistakes_areFound() {
        assertThat(Stream.of(
                                "mvn -Pquickstrat verify",
                                "mvn verifi",
                                "mvn spotles:apply",
                                "mvn -pl lora-dl4j/txet test",
                                "mvn -Pdigits verify -Ddigits.sed=1",
                                "mvn -Pdigits verify -Dtribuo.draws=1",
                                "mvn -Pbenchmark verify -Dbenchmark=encodr",
                                "lora4j trian --data x",
                                "lora4j train --daat x",
                                "lora4j train --set epoch=3",
                                "lora4j gate one/ --data x",
                                "lora4j completion",
                                "cat x | lora4j predict model/ --inptu -",
                                "source <(lora4j complete bash)")
                        .filter(text -> problems(new DocumentedCommand(text, "x.md", 1, 1, Form.LINE))
                                .isEmpty()))
                .isEmpty();
        assertThat(Stream.of("-Dexample.ful", "-Pexample-texts", "--labl x", "verify --reply")
                        .filter(text -> problems(new DocumentedCommand(text, "x.md", 1, 1, Form.OPTIONS))
                                .isEmpty()))
                .isEmpty();
    }

    @Test
    void rules_sayWhatIsRun() {
        assertThat(table.ruleOf("lora4j merge model/ --out a/ --json", "x.md")
                        .line("lora4j merge model/ --out a/ --json"))
                .isEqualTo("rm -rf a/ && lora4j merge model/ --out a/ --json");
        assertThat(table.ruleOf("lora4j gate a b", "x.md").exits()).containsExactly(0, 5);
        assertThat(table.ruleOf("lora4j new", "x.md").line("lora4j new")).isEqualTo("lora4j new");
        assertThat(table.filled("mvn -Pfuzz verify -Dlora4j.shared=FOLDER"))
                .isEqualTo("mvn -Pfuzz verify -Dlora4j.shared=$SHARED");
    }

    @Test
    void commands_areFoundInBlocksAndSentences() {
        List<DocumentedCommand> found = DocumentedCommands.of(
                "x.md",
                List.of(
                        "# Title",
                        "Type `mvn verify`, or `lora4j",
                        "train`; `--out` and `-Dx=1`; `x y`.",
                        "```sh",
                        "mvn test   # all",
                        "",
                        "# alone",
                        "lora4j a \"b # c\" \\",
                        "  d",
                        "```",
                        "## Second",
                        "```console",
                        "$ lora4j x",
                        "an answer",
                        "```",
                        "```text",
                        "mvn nothing",
                        "```"));

        assertThat(found)
                .extracting(DocumentedCommand::text, DocumentedCommand::line, DocumentedCommand::heading)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("mvn verify", 2, 1),
                        org.assertj.core.groups.Tuple.tuple("lora4j train", 2, 1),
                        org.assertj.core.groups.Tuple.tuple("--out", 3, 1),
                        org.assertj.core.groups.Tuple.tuple("-Dx=1", 3, 1),
                        org.assertj.core.groups.Tuple.tuple("mvn test", 5, 1),
                        org.assertj.core.groups.Tuple.tuple("lora4j a \"b # c\" d", 9, 1),
                        org.assertj.core.groups.Tuple.tuple("lora4j x", 13, 2));
    }

    @Test
    void words_areThoseOfAShell() {
        assertThat(ShellWords.commands("A=1 cat 'x y' | lora4j p \"a \\\"b\" --in - && rm c > d # e"))
                .containsExactly(
                        List.of("cat", "x y"), List.of("lora4j", "p", "a \"b", "--in", "-"), List.of("rm", "c"));
        assertThat(ShellWords.commands("source <(lora4j completion bash)"))
                .containsExactly(List.of("source"), List.of("lora4j", "completion", "bash"));
        assertThat(ShellWords.withoutComment("a '#' b#c  # d")).isEqualTo("a '#' b#c");
        assertThatThrownBy(() -> ShellWords.commands("a \"b")).hasMessageContaining("a \"b");
    }
}
