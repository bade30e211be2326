/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model whose tokenizer is a model of SentencePiece writes what it writes with a tokenizer.json. */
class OlderTokenizerFilesTest {

    private static final Path MODEL = Path.of("../language/src/test/resources/language/models/stories260k");
    private static final Path OLDER = Path.of("../tokenizer/src/test/resources/slow/stories260k");

    @TempDir
    private Path directory;

    @Test
    void model_writesTheSame_andSavesTheFilesThatItHad() throws IOException {
        for (String file : new String[] {"config.json", "generation_config.json", "model.safetensors"}) {
            Files.copy(MODEL.resolve(file), directory.resolve(file));
        }
        for (String file : new String[] {"tokenizer.model", "tokenizer_config.json"}) {
            Files.copy(OLDER.resolve(file), directory.resolve(file));
        }
        GenerationConfig greedy = GenerationConfig.greedy(20);
        Path saved = directory.resolve("saved");

        try (CausalLm model = CausalLm.load(directory);
                CausalLm newer = CausalLm.load(MODEL)) {
            assertThat(model.generate("Once upon a time", greedy).text())
                    .isEqualTo(newer.generate("Once upon a time", greedy).text());
            assertThat(model.tokenizer().bosId()).isEqualTo(newer.tokenizer().bosId());
            model.export(saved);
        }

        assertThat(saved.resolve("tokenizer.model")).hasSameBinaryContentAs(OLDER.resolve("tokenizer.model"));
        assertThat(saved.resolve("tokenizer.json")).doesNotExist();
        try (CausalLm again = CausalLm.load(saved)) {
            assertThat(again.generate("Once upon a time", greedy).text()).startsWith(", there was a little girl");
        }
    }
}
