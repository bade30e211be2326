/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.stranger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The first day of two who are new here, each in a project outside of this build with the README's dependencies and what the
 * guides show: one has texts, the other a language model. Mistakes are made, refused, and mended as the message says.
 */
class FirstDayIT {

    private static final List<String> MODEL = List.of(
            "config.json",
            "generation_config.json",
            "model.safetensors",
            "special_tokens_map.json",
            "tokenizer.json",
            "tokenizer_config.json");

    @TempDir
    private static Path folder;

    /** What the day with texts printed, and the day with a language model. */
    private static List<String> printed;

    @BeforeAll
    static void runBothDays() throws IOException, InterruptedException {
        StrangersProject.install(folder.resolve("repository"));
        StrangersProject texts = project("text");
        texts.write("questions.csv", resource("text/questions.csv"));
        Path from = Path.of(System.getProperty("lora4j.root"))
                .resolve("lora-dl4j/language/src/test/resources/language/models/stories260k");
        Path to = Files.createDirectories(folder.resolve("language/models/stories260k"));
        for (String name : MODEL) {
            Files.copy(from.resolve(name), to.resolve(name));
        }
        printed = StrangersProject.runAll(folder.resolve("repository"), List.of(texts, project("language")));
    }

    private static StrangersProject project(String name) throws IOException {
        StrangersProject project = new StrangersProject(
                folder.resolve(name), StrangersProject.readmeWithLogger(), resource(name + "/Stranger.java"));
        project.write(
                "src/main/resources/simplelogger.properties",
                StrangersProject.readme("properties").get(0));
        return project;
    }

    private static String resource(String name) throws IOException {
        try (InputStream stream = FirstDayIT.class.getResourceAsStream("/first-day/" + name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static List<String> steps(String printed) {
        return printed.lines().filter(line -> line.startsWith("- ")).toList();
    }

    @Test
    void dayWithTexts_endsWithATaskThatIsKept() {
        String texts = printed.get(0);

        assertThat(steps(texts))
                .containsExactly(
                        "- the file is mended",
                        "- learned",
                        "- saved, loaded, exported",
                        "- measured",
                        "- a head over an adapter",
                        "- advised",
                        "- a text day is over");
        assertThat(texts.lines().filter(line -> line.contains("white space around the label")))
                .isNotEmpty()
                .allMatch(line -> line.endsWith("row 12 was left out"));
        // Of the fits that end, only one is not quiet.
        assertThat(texts.lines().filter(line -> line.contains("INFO org.lora4j.text.TextTask")))
                .hasSize(1);
    }

    @Test
    void dayWithALanguageModel_endsWithModelsThatAreKept() {
        String language = printed.get(1);

        assertThat(steps(language))
                .containsExactly(
                        "- a chat template, and no tools in it",
                        "- preview of alpaca",
                        "- preview of ShareGPT",
                        "- preview of TRL",
                        "- two adapters in one save",
                        "- all weights: learned, saved, exported",
                        "- a language day is over");
        assertThat(language.lines().filter(line -> line.contains("INFO org.lora4j.language.CausalLmTrainer")))
                .hasSize(1);
    }
}
