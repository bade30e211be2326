/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What help and guide let people type is understood: commands, options, keys of YAML. */
class ExamplesTest {

    private static final Path DOCS = Path.of("../../docs");
    private static final Path GUIDE = DOCS.resolve("cli.md");
    private static final List<Path> GUIDES = List.of(GUIDE, DOCS.resolve("recipes.md"), DOCS.resolve("platforms.md"));
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");
    private static final List<String> ENDS = List.of("|", "&&", ">", "#", "...", "...)");

    static Stream<String> lines() throws IOException {
        Stream<String> ofHelp = Commands.all().stream().flatMap(entry -> entry.maker().get().examples().stream());
        return Stream.concat(ofHelp, blocks("sh", "text").stream().flatMap(String::lines))
                .flatMap(line -> Arrays.stream(line.split(" && | \\| ")))
                .map(line -> line.replaceFirst("^(\\$ |source <\\(| +)", "").replaceFirst("\\)? +#.*$|\\)$", ""))
                .filter(line -> line.startsWith("lora4j "));
    }

    private static List<String> blocks(String... languages) throws IOException {
        List<String> blocks = new ArrayList<>();
        for (Path guide : GUIDES) {
            Matcher block =
                    Pattern.compile("```(\\w+)\\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(guide));
            while (block.find()) {
                if (Arrays.asList(languages).contains(block.group(1))) {
                    blocks.add(block.group(2));
                }
            }
        }
        return blocks;
    }

    @ParameterizedTest
    @MethodSource("lines")
    void everyLine_isUnderstood(String line) {
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(line);
        while (word.find() && !ENDS.contains(word.group())) {
            words.add(word.group(1) == null ? word.group(2) : word.group(1));
        }
        String name = words.get(1);
        if (name.equals("help") || name.equals("COMMAND")) {
            return;
        }
        CliCommand command = Commands.all().stream()
                .filter(entry -> entry.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(line))
                .maker()
                .get();
        assertThatCode(() -> CliProgram.line(command)
                        .parseArgs(words.subList(2, words.size()).toArray(String[]::new)))
                .as(line)
                .doesNotThrowAnyException();
    }

    @Test
    void everyFile_isUnderstood() throws IOException {
        List<String> files = blocks("yaml");
        assertThat(files).hasSizeGreaterThan(1).allSatisfy(text -> {
            CliSettings.Builder builder = CliSettings.builder();
            YamlFile.read("guide", text).forEach((key, value) -> builder.put(key, value.value(), "guide"));
            AdapterSettings.config(builder.build());
        });
    }

    @Test
    void everyCommand_standsInTheGuide() throws IOException {
        String guide = Files.readString(GUIDE);
        assertThat(Commands.all()).allSatisfy(entry -> assertThat(guide).contains("`" + entry.name() + "`"));
        assertThat(ExitCode.values()).allSatisfy(code -> assertThat(guide).contains(String.valueOf(code.number())));
    }
}
