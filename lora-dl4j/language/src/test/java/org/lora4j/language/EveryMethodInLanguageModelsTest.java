/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.model.AdapterMethodContract;
import org.lora4j.train.RunListener;

/** A language model takes every method of adaptation: it learns, is saved and is read back. */
class EveryMethodInLanguageModelsTest {

    private static final Path MODEL = Path.of("src/test/resources/language/models/llama-gqa");

    @TempDir
    Path folder;

    private static LmExample tokens(int... ids) {
        boolean[] learned = new boolean[ids.length];
        Arrays.fill(learned, true);
        return LmExample.tokens(ids, learned);
    }

    static Stream<Map.Entry<String, Supplier<AdapterConfig.Builder<?>>>> methods() {
        return AdapterMethodContract.methods().entrySet().stream();
    }

    @ParameterizedTest
    @MethodSource("methods")
    void method_learns_andIsReadBack(Map.Entry<String, Supplier<AdapterConfig.Builder<?>>> method) throws IOException {
        AdapterConfig config =
                method.getValue().get().targetModules("q_proj", "o_proj").build();
        List<LmExample> examples = List.of(tokens(1, 5, 7, 9), tokens(1, 5, 7, 8), tokens(1, 6, 4, 9, 3));
        try (CausalLm model = CausalLm.load(MODEL);
                CausalLm other = CausalLm.load(MODEL)) {
            CausalLmTrainer trainer = CausalLmTrainer.builder(model)
                    .adapter(config)
                    .epochs(1)
                    .validationFraction(0)
                    .listener(new RunListener() {})
                    .build();

            LmFitReport report = trainer.fit(examples);

            assertThat(report.run().norms())
                    .extracting(norm -> norm.start() != norm.end())
                    .contains(true);
            model.model().adapter("default").save(folder);
            other.model().addAdapter("read", Adapter.load(folder));
            other.model().activate("read");
            assertThat(CausalLmTrainer.builder(other).build().evaluate(examples).loss())
                    .isCloseTo(trainer.evaluate(examples).loss(), within(1e-6));
        }
    }
}
