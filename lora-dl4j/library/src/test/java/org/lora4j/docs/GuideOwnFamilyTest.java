/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.ModelFormatException;
import org.lora4j.language.CausalLm;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.ModelFamily;
import org.lora4j.language.ModelFamily.Part;

/** The example of a family of one's own in {@code docs/language-models.md}, and what is refused. */
class GuideOwnFamilyTest {

    private static final Path STORIES = Path.of("../language/src/test/resources/language/models/stories260k");

    @TempDir
    private Path directory;

    /** The model of stories under other names of parts and fields. */
    private static void write(Path directory) throws IOException {
        Files.copy(STORIES.resolve("tokenizer.json"), directory.resolve("tokenizer.json"));
        Files.writeString(
                directory.resolve("config.json"),
                Files.readString(STORIES.resolve("config.json"))
                        .replace("\"llama\"", "\"tale\"")
                        .replace("\"rms_norm_eps\"", "\"norm_epsilon\""));
        // Names of the same length, so that the file's header keeps its own.
        String tensors = Files.readString(STORIES.resolve("model.safetensors"), StandardCharsets.ISO_8859_1);
        Files.writeString(
                directory.resolve("model.safetensors"),
                tensors.replace("self_attn.q_proj", "attention.q_proj").replace("model.layers.", "model.blocks."),
                StandardCharsets.ISO_8859_1);
    }

    @Test
    void familyOfOnesOwn_isReadAndComputesTheSame() throws IOException {
        write(directory);
        assertThatThrownBy(() -> CausalLm.load(directory))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("model_type is \"tale\"")
                .hasMessageContaining("ModelFamily.register");
        // begin
        ModelFamily.like("llama", "tale")
                .layers("model.blocks")
                .part(Part.QUERY, "attention.q_proj")
                .field("norm_eps", 1e-5, "norm_epsilon")
                .register();
        CausalLm model = CausalLm.load(directory);
        // end

        String prompt = "Once upon a time";
        GenerationConfig config = GenerationConfig.greedy(20);
        try (model;
                CausalLm stories = CausalLm.load(STORIES)) {
            assertThat(model.generate(prompt, config).newIds())
                    .isEqualTo(stories.generate(prompt, config).newIds());
            assertThat(model.model().modules().toString()).contains("model.blocks.0.attention.q_proj");
        }
        ModelFamily.like("llama", "tale")
                .layers("model.blocks")
                .part(Part.QUERY, "attention.q_proj")
                .field("norm_eps", 1e-5, "norm_epsilon")
                .register();
        assertThatThrownBy(() -> ModelFamily.like("llama", "tale").register())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("another family is known as \"tale\"");
    }

    @Test
    void everythingThatIsWrong_isSaidAtOnce() {
        ModelFamily wrong = ModelFamily.like("llama", "a b")
                .part(Part.UP, "../up")
                .part(Part.VALUE, "self_attn.k_proj")
                .without(Part.DOWN, Part.QUERY)
                .field("norm_epsilon", 1e-5)
                .field("rope_theta", new Object());

        assertThatThrownBy(wrong::register)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("modelType is \"a b\"")
                .hasMessageContaining("UP is \"../up\"")
                .hasMessageContaining("two parts have one name")
                .hasMessageContaining("DOWN is missing")
                .hasMessageContaining("QUERY is missing")
                .hasMessageContaining("\"norm_epsilon\" is a field of no known family")
                .hasMessageContaining("closest: \"norm_eps\"")
                .hasMessageContaining("rope_theta has a value of class java.lang.Object");
        assertThatThrownBy(() -> ModelFamily.like("lama", "tale"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("closest: \"llama\"");
        assertThatThrownBy(() -> ModelFamily.like("llama", "mistral").register())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("another family is known as \"mistral\"");
    }
}
