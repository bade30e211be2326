/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.export.GgufExport;
import org.lora4j.export.GgufType;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmServer;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.Generation;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LmExample;
import org.lora4j.language.LmPreview;
import org.lora4j.serve.text.LoadedTask;
import org.lora4j.serve.text.TextInput;
import org.lora4j.serve.text.TextLimits;
import org.lora4j.serve.text.TextServer;
import org.lora4j.server.LoraServer;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The recipes of docs/recipes.md on language models and on serving. */
class RecipesLanguageTest {

    private static final Path MODELS = Path.of("../language/src/test/resources/language/models");
    private static final Logger log = LoggerFactory.getLogger(RecipesLanguageTest.class);

    private static CausalLm model;

    @TempDir
    private Path folder;

    @BeforeAll
    static void read() throws IOException {
        model = CausalLm.load(MODELS.resolve("stories260k"));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private Path classifier(TextEncoder encoder, String name, long seed) throws IOException {
        Path directory = folder.resolve(name);
        TextClassifier.builder(encoder)
                .seed(seed)
                .headOnly()
                .quiet()
                .build()
                .fit(TinyEncoder.reviews(24, seed), TinyEncoder.reviews(8, seed + 1))
                .save(directory);
        return directory;
    }

    @Test
    void sameText() {
        // begin
        GenerationConfig drawn = GenerationConfig.sampling(20, 0.8, 0.95, 7); // tokens, temperature, top-p, seed
        String text = model.generate("Once upon a time", drawn).text();
        // end
        assertThat(model.generate("Once upon a time", drawn).text()).isEqualTo(text);
    }

    @Test
    void asItComes() {
        StringBuilder page = new StringBuilder();
        // begin
        List<Generation> texts = model.generate(List.of("Once upon a time"), GenerationConfig.greedy(20), token -> {
            page.append(token.text());
            return page.length() < 40; // false ends the text
        });
        // end
        assertThat(page).hasSizeGreaterThanOrEqualTo(40);
        assertThat(texts).hasSize(1);
    }

    @Test
    void upToAWord() {
        // begin
        GenerationConfig firstSentence =
                GenerationConfig.builder().maxNewTokens(60).stopStrings(".").build();
        String sentence = model.generate("Once upon a time", firstSentence).text();
        // end
        assertThat(sentence).startsWith(", there was a little girl named Lily").doesNotContain("She");
    }

    @Test
    void learnedPart() throws IOException {
        Path file = Files.writeString(
                folder.resolve("train.jsonl"),
                "{\"prompt\": \"Where is my card?\", \"completion\": \" card_arrival\"}\n");
        // begin
        LmPreview preview = CausalLmTrainer.builder(model).build().preview(LmExample.read(file), 3);
        log.info("{}", preview);
        // end
        assertThat(preview.sequences().get(0).learnedText()).contains("card").doesNotContain("Where");
    }

    @Test
    void likelier() {
        // begin
        GenerationConfig scored = GenerationConfig.builder()
                .maxNewTokens(8)
                .logProbabilities(true)
                .topLogProbabilities(3)
                .build();
        Generation generation = model.generate("Once upon a time", scored);
        // end
        assertThat(generation.text()).isNotBlank();
    }

    @Test
    void forLlamaCpp() throws IOException {
        Path file = folder.resolve("gguf");
        Adapter adapter = Adapter.load(MODELS.resolve("stories260k/adapter-qv"));
        Path base = MODELS.resolve("stories260k");
        // begin
        GgufExport.of(base).adapter(adapter).type(GgufType.Q8_0).write(file);
        // end
        assertThat(file.resolve("model.gguf")).isNotEmptyFile();
    }

    @Test
    void oneModelManyWriters() throws IOException {
        Path adapter = MODELS.resolve("stories260k/adapter-qv");
        String text;
        // begin
        try (CausalLmServer server = CausalLmServer.builder(model).build()) {
            server.register("writer", adapter);
            text = server.submit("writer", "Once upon a time", GenerationConfig.greedy(20), token -> true)
                    .result()
                    .text();
        }
        // end
        assertThat(text).isNotBlank();
    }

    @Test
    void inYourProgram() throws Exception {
        try (TextEncoder encoder = TinyEncoder.create()) {
            Path directory = classifier(encoder, "tickets", 1);
            // begin
            LoraServer server = LoraServer.builder()
                    .encoder("minilm", encoder)
                    .adapter("tickets", directory)
                    .port(0)
                    .start();
            Runtime.getRuntime().addShutdownHook(new Thread(server::close));
            // end
            assertThat(server.models()).contains("tickets");
            assertThat(server.stop(Duration.ofSeconds(5))).isTrue();
        }
    }

    @Test
    void exchanged() throws Exception {
        try (TextEncoder encoder = TinyEncoder.create();
                TextServer server = TextServer.builder(encoder).build()) {
            server.load("tickets", classifier(encoder, "first", 1));
            Path better = classifier(encoder, "second", 5);
            // begin
            LoadedTask loaded = server.replace("tickets", better); // requests that run keep the old one
            log.info("generation {}", loaded.by().generation());
            // end
            assertThat(loaded.by().generation()).isGreaterThan(0);
        }
    }

    @Test
    void bounded() {
        try (TextEncoder encoder = TinyEncoder.create()) {
            // begin
            TextLimits limits = TextLimits.usual()
                    .request(16, 2_000, 512) // texts, characters and tokens of one request
                    .waiting(200)
                    .time(Duration.ofSeconds(2));
            TextServer server = TextServer.builder(encoder).limits(limits).build();
            // end
            assertThat(server.limits()).isEqualTo(limits);
            server.close();
        }
    }

    @Test
    void whichOne() throws Exception {
        try (TextEncoder encoder = TinyEncoder.create();
                TextServer server = TextServer.builder(encoder).build()) {
            server.load("tickets", classifier(encoder, "tickets", 1));
            String hash;
            // begin
            hash = server.classify("tickets", List.of(TextInput.of("my card is lost")))
                    .join()
                    .by()
                    .contentHash();
            // end
            assertThat(hash).matches("[0-9a-f]{64}");
        }
    }
}
