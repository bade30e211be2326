/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LmExample;
import org.lora4j.train.RunListener;

/** What a model has learned, all weights or adapters, goes where others run it by one verb. */
class LanguageModelExportTest {

    private static final List<LmExample> TOKENS =
            List.of(LmExample.tokens(new int[] {1, 5, 9, 5, 9}, new boolean[] {false, true, true, true, true}));

    private static final Path BASE = Path.of("../language/src/test/resources/language/models/stories260k");

    @TempDir
    private Path folder;

    private CausalLm trained(boolean full) throws IOException {
        CausalLm model = CausalLm.load(BASE);
        CausalLmTrainer.Builder trainer =
                CausalLmTrainer.builder(model).epochs(5).learningRate(1e-2).listener(new RunListener() {});
        (full ? trainer.fullFineTuning() : trainer).build().fit(TOKENS, TOKENS);
        return model;
    }

    private static double loss(CausalLm model) {
        return CausalLmTrainer.builder(model).build().evaluate(TOKENS).loss();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void export_writesWhatTheModelAnswersBy(boolean full) throws IOException {
        try (CausalLm model = trained(full);
                CausalLm before = CausalLm.load(BASE)) {
            model.export(folder.resolve("out"));

            try (CausalLm out = CausalLm.load(folder.resolve("out"))) {
                assertThat(loss(out)).isCloseTo(loss(model), within(1e-5)).isLessThan(loss(before) - 0.01);
                int[] prompt = {1, 5};
                GenerationConfig config = GenerationConfig.greedy(3);
                assertThat(out.generateIds(List.of(prompt), config, token -> true)
                                .get(0)
                                .newIds())
                        .isEqualTo(model.generateIds(List.of(prompt), config, token -> true)
                                .get(0)
                                .newIds());
            }
            assertThatThrownBy(() -> model.export(folder.resolve("out")))
                    .isInstanceOf(FileAlreadyExistsException.class);
        }
    }

    @Test
    void disabledAdapters_areNotExported() throws IOException {
        try (CausalLm model = trained(false);
                CausalLm before = CausalLm.load(BASE)) {
            model.model().disable();
            model.export(folder.resolve("out"));

            try (CausalLm out = CausalLm.load(folder.resolve("out"))) {
                assertThat(loss(out)).isEqualTo(loss(before));
            }
        }
    }

    @Test
    void trainedWeights_areInTheFileForLlamaCpp() throws IOException {
        try (CausalLm model = trained(true)) {
            GgufExport.of(BASE).write(folder.resolve("before"));
            GgufExport.of(model).write(folder.resolve("after"));
            GgufExport.of(model.base()).write(folder.resolve("base"));

            byte[] before = Files.readAllBytes(folder.resolve("before/model.gguf"));
            assertThat(Files.readAllBytes(folder.resolve("after/model.gguf")))
                    .hasSameSizeAs(before)
                    .isNotEqualTo(before);
            assertThat(Files.readAllBytes(folder.resolve("base/model.gguf"))).isEqualTo(before);
        }
    }
}
