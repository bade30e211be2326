/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.Adapter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** KaSA as plain LoRA, what the base gives up included. */
class KasaAsLoraTest {

    private static final Path CASE = Path.of("src/test/resources/peft/kasa-mlp");

    @Test
    void conversion_changesTheWeightsAsKasaDoes() throws IOException {
        Adapter kasa = Adapter.load(CASE);
        try (ModelWeights base = ModelWeights.open(CASE.resolve("base.safetensors"))) {
            Adapter lora = AdapterConversion.of(kasa).energy(1).on(base).adapter();

            Map<String, INDArray> expected = WeightMerge.merged(base, List.of(kasa));
            Map<String, INDArray> merged = WeightMerge.merged(base, List.of(lora));

            assertThat(lora.loraConfig().kasa()).isNull();
            assertThat(merged.keySet()).isEqualTo(expected.keySet());
            merged.forEach((name, weight) -> assertThat(
                            weight.sub(expected.get(name)).amaxNumber().doubleValue())
                    .as(name)
                    .isCloseTo(0, within(1e-5)));
        }
    }
}
