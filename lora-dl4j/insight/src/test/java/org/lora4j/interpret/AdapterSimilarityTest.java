/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.combine.AdapterAlgebra;
import org.lora4j.combine.AdapterComparison;
import org.lora4j.combine.ModuleComparison;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.weights.AdapterConversion;
import org.lora4j.weights.ModelWeights;

class AdapterSimilarityTest {

    private static final Path PEFT = Path.of("../core/src/test/resources/peft");

    /** An adapter and what LoRA can say of it push every weight the same way. */
    @ParameterizedTest
    @ValueSource(strings = {"lora-mlp-basic", "dora-mlp", "loha-mlp-patterns", "init-pissa", "lora-embedding"})
    void of_anAdapterAndItsLora_findsThemEqual(String name) throws IOException {
        Path directory = PEFT.resolve(name);
        Adapter adapter = Adapter.load(directory);
        try (ModelWeights base = ModelWeights.open(directory.resolve("base.safetensors"))) {
            Adapter lora = AdapterConversion.of(adapter).energy(1).on(base).adapter();

            AdapterComparison comparison = AdapterSimilarity.of(adapter, lora, base);

            assertThat(comparison.modules().keySet())
                    .isEqualTo(adapter.modules().keySet());
            for (ModuleComparison module : comparison.modules().values()) {
                assertThat(module.cosine()).isCloseTo(1, within(1e-6));
                assertThat(module.firstNorm()).isCloseTo(module.secondNorm(), within(1e-5 * module.firstNorm()));
            }
        }
    }

    @Test
    void of_twoOfLora_isTheComparisonOfTheAlgebra() throws IOException {
        Path directory = PEFT.resolve("lora-mlp-basic");
        Adapter adapter = Adapter.load(directory);
        Adapter turned = AdapterAlgebra.negate(adapter);
        try (ModelWeights base = ModelWeights.open(directory.resolve("base.safetensors"))) {
            assertThat(AdapterSimilarity.of(adapter, turned, base)).isEqualTo(AdapterAlgebra.compare(adapter, turned));
        }
    }

    @Test
    void of_anAdapterOfAnotherBase_refuses() throws IOException {
        Adapter adapter = Adapter.load(PEFT.resolve("lora-mlp-basic"));
        Path other = PEFT.resolve("lora-embedding/base.safetensors");
        try (ModelWeights base = ModelWeights.open(other)) {
            assertThatThrownBy(() -> AdapterSimilarity.of(adapter, adapter, base))
                    .isInstanceOf(IncompatibleBaseException.class);
        }
    }
}
