/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.Adapter;
import org.nd4j.linalg.api.ndarray.INDArray;

class WeightChangesTest {

    private static final Path PEFT = Path.of("src/test/resources/peft");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lora-mlp-basic",
                "lora-mlp-rslora",
                "lora-mlp-lora-bias",
                "lora-embedding",
                "lora-conv1d",
                "lora-conv2d-stride-padding",
                "lora-gpt2-fan-flag-corrected",
                "init-pissa",
                "init-olora"
            })
    void product_ofLora_isTheChange(String name) throws IOException {
        Path directory = PEFT.resolve(name);
        try (ModelWeights base = ModelWeights.open(directory.resolve("base.safetensors"))) {
            WeightChanges all = WeightChanges.of(Adapter.load(directory), base);

            assertThat(all.changes()).isNotEmpty();
            for (WeightChange change : all.changes()) {
                INDArray whole = change.change();
                WeightChange.Product product = change.product().orElseThrow();
                INDArray formed = product.left().mmul(product.right());
                assertThat(change.before().shape()).isEqualTo(change.shape().weight());
                assertThat(formed.size(0)).isEqualTo(whole.size(0));
                assertThat(formed.reshape('c', whole.shape())
                                .sub(whole)
                                .norm2Number()
                                .doubleValue())
                        .as(change.toString())
                        .isLessThan(1e-12 * (1 + whole.norm2Number().doubleValue()));
                assertThat(change.isPair()).isEqualTo(!name.startsWith("init-"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dora-mlp", "loha-mlp-patterns", "ia3-mlp", "kasa-mlp"})
    void product_ofAnotherMethod_isNone(String name) throws IOException {
        Path directory = PEFT.resolve(name);
        try (ModelWeights base = ModelWeights.open(directory.resolve("base.safetensors"))) {
            for (WeightChange change :
                    WeightChanges.of(Adapter.load(directory), base).changes()) {
                assertThat(change.product()).isEqualTo(Optional.empty());
                assertThat(change.isPair()).isFalse();
                assertThat(change.change().norm2Number().doubleValue()).isPositive();
            }
        }
    }

    @Test
    void of_rowsAndStacks_leavesThemOutWithReasons() throws IOException {
        Path rows = PEFT.resolve("lora-trainable-token-indices");
        Path stacks = PEFT.resolve("lora-target-parameters-3d");
        try (ModelWeights one = ModelWeights.open(rows.resolve("base.safetensors"));
                ModelWeights two = ModelWeights.open(stacks.resolve("base.safetensors"))) {
            assertThat(WeightChanges.of(Adapter.load(rows), one).leftOut())
                    .containsValue("rows of the table are replaced");
            assertThat(WeightChanges.of(Adapter.load(stacks), two).leftOut().values())
                    .anySatisfy(reason -> assertThat(reason).contains("a stack of experts"));
        }
    }
}
