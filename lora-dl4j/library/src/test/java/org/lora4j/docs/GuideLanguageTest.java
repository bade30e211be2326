/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmServer;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.ChatMessage;
import org.lora4j.language.ChatTemplate;
import org.lora4j.language.Generation;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LmExample;
import org.lora4j.language.LmFitReport;
import org.lora4j.language.LmPreview;
import org.lora4j.language.LmRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of {@code docs/language-models.md}. */
class GuideLanguageTest {

    private static final Path MODELS = Path.of("../language/src/test/resources/language/models");

    private static final Logger log = LoggerFactory.getLogger(GuideLanguageTest.class);

    private final StringBuilder shown = new StringBuilder();

    @TempDir
    private Path folder;

    @Test
    void firstText() throws IOException {
        Path directory = MODELS.resolve("stories260k");
        String text;
        // begin
        try (CausalLm model = CausalLm.load(directory)) {
            Generation generation = model.generate("Once upon a time", GenerationConfig.greedy(40));
            text = generation.text();
        }
        // end

        assertThat(text).startsWith(", there was a little girl named Lily. She loved to play outside in the park.");
    }

    @Test
    void adapters() throws IOException {
        CausalLm model = CausalLm.load(MODELS.resolve("stories260k"));
        Path adapterDirectory = MODELS.resolve("stories260k/adapter-qv");
        GenerationConfig config = GenerationConfig.greedy(20);
        String prompt = "Once upon a time";
        String before = model.generate(prompt, config).text();
        // begin
        model.model().addAdapter("mine", Adapter.load(adapterDirectory)); // of PEFT, or trained here
        model.model().activate("mine");
        String adapted = model.generate(prompt, config).text();
        model.model().disable();
        String again = model.generate(prompt, config).text(); // the base's, in every token
        // end

        assertThat(again).isEqualTo(before).isNotEqualTo(adapted);
    }

    @Test
    void drawing() throws IOException {
        CausalLm model = CausalLm.load(MODELS.resolve("stories260k"));
        // begin
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(60)
                .doSample(true)
                .temperature(0.8)
                .topP(0.9)
                .seed(7)
                .stopStrings("The end")
                .build();
        List<Generation> texts = model.generate(List.of("Once upon a time", "Tom had"), config, token -> {
            shown.append(token.text()); // as it comes; false ends this text
            return true;
        });
        // end

        assertThat(texts).hasSize(2);
        assertThat(shown).isNotEmpty();
    }

    @Test
    void conversation() {
        // begin
        ChatTemplate template = ChatTemplate.of(
                "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}</s>{% endfor %}", Map.of("eos_token", "</s>"));
        String text = template.render(List.of(ChatMessage.user("Where is my card?")), true);
        // end

        assertThat(text).isEqualTo("<|user|>Where is my card?</s>");
        assertThat(Files.exists(folder)).isTrue();
    }

    @Test
    void serving() throws IOException {
        CausalLm model = CausalLm.load(MODELS.resolve("stories260k"));
        Path adapterDirectory = MODELS.resolve("stories260k/adapter-qv");
        String text;
        // begin
        try (CausalLmServer server = CausalLmServer.builder(model)
                .maxSequences(16)
                .memory(512 << 20)
                .queue(100)
                .build()) {
            server.register("mine", adapterDirectory);
            LmRequest request = server.submit("mine", "Once upon a time", GenerationConfig.greedy(20), token -> {
                shown.append(token.text());
                return true;
            });
            text = request.result().text();
        }
        // end

        assertThat(shown).hasToString(text);
    }

    @Test
    void training() throws IOException {
        CausalLm model = CausalLm.load(MODELS.resolve("stories260k"));
        List<LmExample> train = List.of(
                LmExample.completion("Where is my card?", " card_arrival"),
                LmExample.completion("I lost my phone", " lost_phone"),
                LmExample.completion("My card has not come", " card_arrival"));
        Path directory = folder.resolve("adapter");
        // begin
        CausalLmTrainer trainer = CausalLmTrainer.builder(model).epochs(2).build(); // LoRA on all linear layers
        LmFitReport report = trainer.fit(train);
        model.model().adapter("default").save(directory);
        // end

        assertThat(report.toString()).isNotEmpty();
        assertThat(directory.resolve("adapter_model.safetensors")).exists();
    }

    @Test
    void trainingAndKeeping() throws IOException {
        Path modelsFolder = MODELS.toRealPath();
        CausalLm model = CausalLm.load(modelsFolder.resolve("stories260k"));
        String prompt = "Where is my card?";
        List<LmExample> train = List.of(
                LmExample.completion("Where is my card?", " card_arrival"),
                LmExample.completion("I lost my phone", " lost_phone"),
                LmExample.completion("My card has not come", " card_arrival"));
        Path directory = folder.resolve("trained");
        Path exported = folder.resolve("exported");
        String text;
        // begin
        CausalLmTrainer trainer = CausalLmTrainer.builder(model).epochs(2).build(); // LoRA on all linear layers
        LmFitReport report = trainer.fit(train);
        model.save(directory);
        // end
        // begin
        model.save(directory);
        model.export(exported); // for Transformers, adapters merged
        try (CausalLm again = CausalLm.load(directory, modelsFolder)) { // the base is below this folder
            text = again.generate(prompt, GenerationConfig.greedy(20)).text();
            log.info("{}", again.report());
        }
        // end

        assertThat(report.epochs()).isNotEmpty();
        assertThat(text)
                .isEqualTo(model.generate(prompt, GenerationConfig.greedy(20)).text());
        assertThat(exported.resolve("model.safetensors")).exists();
    }

    @Test
    void preview() throws IOException {
        CausalLm model = CausalLm.load(MODELS.resolve("stories260k"));
        CausalLmTrainer trainer = CausalLmTrainer.builder(model).build();
        Path file =
                Files.writeString(folder.resolve("alpaca.json"), "[{\"instruction\": \"Add.\", \"output\": \"3\"}]");
        // begin
        LmPreview preview = trainer.preview(LmExample.read(file), 3);
        log.info("{}", preview); // the learned parts stand between double angle brackets
        // end

        assertThat(preview.sequences().get(0).learnedText()).isEqualTo("3</s>");
    }
}
