/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;

/** An encoder of a directory with a vocab.txt, as the first published ones have it. */
class OlderTokenizerFilesTest {

    @TempDir
    private Path folder;

    @Test
    void vocabulary_isReadAsTheClassOfTheModelReadsIt_andKeptAsATokenizerJson() throws IOException {
        Path directory = EncoderFixture.model("distilbert-seqcls", folder);
        Files.delete(directory.resolve("tokenizer.json"));
        List<String> words = new ArrayList<>(List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"));
        for (int i = words.size(); i < 120; i++) {
            words.add("t" + i);
        }
        Files.write(directory.resolve("vocab.txt"), words);

        TextEncoder encoder = TextEncoder.load(directory);

        int[] ids = encoder.tokenizer().encode("T7 t9, t200");
        assertThat(ids).containsExactly(2, 7, 9, 1, 1, 3);
        assertThat(encoder.embed("t7 t9")).isEqualTo(encoder.embed("T7  T9"));
        HuggingFaceTextTokenizer read = (HuggingFaceTextTokenizer) encoder.tokenizer();
        assertThat(HuggingFaceTextTokenizer.load(new ByteArrayInputStream(read.json()), "kept", read.maxLength())
                        .encode("T7 t9, t200"))
                .isEqualTo(ids);
    }
}
