/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.lm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextCasesTest {

    private static final Path FIXTURES = Path.of("../../lora-dl4j/language/src/test/resources/language");

    @TempDir
    Path folder;

    @Test
    void casesOfTokenizers_pass() throws IOException {
        assertThat(TokenizerCases.run(FIXTURES.resolve("tokenizers")))
                .hasSize(516)
                .allSatisfy(one -> assertThat(one.outcome()).as(one.toString()).isEqualTo(LmCase.Outcome.PASSED));
    }

    @Test
    void casesOfChatTemplates_pass() throws IOException {
        assertThat(ChatCases.run(FIXTURES.resolve("chat")))
                .hasSize(60)
                .allSatisfy(one -> assertThat(one.outcome()).as(one.toString()).isEqualTo(LmCase.Outcome.PASSED));
    }

    @Test
    void caseOfAnotherText_fails_andSaysWhatWasFound() throws IOException {
        String chatml = Files.readString(FIXTURES.resolve("chat/chatml.json"));
        Files.writeString(folder.resolve("chatml.json"), chatml.replace("<|im_end|>' + '\\\\n'", "<|im_end|>'"));

        assertThat(ChatCases.run(folder)).hasSize(12).allSatisfy(one -> {
            assertThat(one.outcome()).isEqualTo(LmCase.Outcome.FAILED);
            assertThat(one.detail()).contains(", expected <|im_start|>").contains("<|im_end|>\\n");
        });
    }

    @Test
    void caseOfAnotherTokenizer_fails_andSaysWhatWasFound() throws IOException {
        Path mixed = Files.createDirectory(folder.resolve("mixed"));
        Files.copy(FIXTURES.resolve("tokenizers/gpt2-style/golden.json"), mixed.resolve("golden.json"));
        assertThat(TokenizerCases.run(folder)).singleElement().satisfies(one -> {
            assertThat(one.name()).isEqualTo("tokenizers/mixed");
            assertThat(one.detail()).contains("tokenizer.json: no such file");
        });
        Files.copy(FIXTURES.resolve("tokenizers/llama3-style/tokenizer.json"), mixed.resolve("tokenizer.json"));

        assertThat(TokenizerCases.run(folder)).first().satisfies(one -> {
            assertThat(one.name()).isEqualTo("tokenizers/mixed/vocabulary");
            assertThat(one.detail()).isEqualTo("size: 562, expected 507");
        });
        assertThat(TokenizerCases.run(folder))
                .anySatisfy(one -> assertThat(one.detail()).contains("ids: [557,", "offsets: [[0,0],"));
    }
}
