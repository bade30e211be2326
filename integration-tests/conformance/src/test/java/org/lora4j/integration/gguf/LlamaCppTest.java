/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.export.GgufAdapterExport;
import org.lora4j.export.GgufExport;
import org.lora4j.language.Llama2cCheckpoint;

class LlamaCppTest {

    private static final Path SHARED = Path.of(System.getProperty("lora4j.shared"));
    private static final Path STORIES = SHARED.resolve("fixtures/lm/models/stories260k");

    @TempDir
    private Path folder;

    @Test
    void baseInSinglePrecision_tellsThePublishedStory() throws IOException, InterruptedException {
        Path target = folder.resolve("base");
        System.out.println(GgufExport.of(STORIES)
                .scores(Llama2cCheckpoint.scores(SHARED.resolve("data/stories260k/tok512.bin")))
                .write(target));
        List<String> texts = new LlamaCpp(folder, target.resolve("model.gguf"), null)
                .generate(200, 1)
                .texts();
        System.out.println(texts);
        assertThat(texts.get(0).stripLeading())
                .isEqualTo(Files.readString(SHARED.resolve("data/stories260k/expected_greedy_200.txt")));
        System.out.println(GgufAdapterExport.of(STORIES, Adapter.load(STORIES.resolve("adapter-all")))
                .write(folder.resolve("a")));
        System.out.println(new LlamaCpp(folder, target.resolve("model.gguf"), folder.resolve("a/adapter.gguf"))
                .generate(12, 1, 403, 407, 261, 378, 432, 383)
                .texts());
    }
}
