/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.OftConfig;

/** Settings from flags and files. */
class CliSettingsTest {

    private static CliSettings.Builder with(String... pairs) {
        CliSettings.Builder builder = CliSettings.builder();
        for (String pair : pairs) {
            builder.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1), "--set");
        }
        return builder;
    }

    @ParameterizedTest
    @CsvSource({
        "r, rank, 16",
        "lora_alpha, alpha, 32",
        "num_train_epochs, epochs, 5",
        "learning_rate, learning-rate, 2e-4",
        "per_device_train_batch_size, batch-size, 4",
        "target_modules, target-modules, all-linear",
        "weight_decay, weight-decay, 0.1"
    })
    void wordsOfOthers_areUnderstood(String word, String ours, String value) {
        CliSettings.Builder builder = with(word + "=" + value);
        assertThat(YamlText.of(builder.build())).startsWith(ours + ": ");
        // A word that differs by its dashes alone is no other word.
        assertThat(builder.translated())
                .isEqualTo(
                        word.replace('_', '-').equals(ours)
                                ? List.of()
                                : List.of(word + " is called " + ours + " here"));
    }

    @Test
    void unknownNames_areErrorsWithNearOnes() {
        assertThatThrownBy(() -> with("epoch=3", "lerning-rate=1").build())
                .isInstanceOf(CliException.class)
                .hasMessageContaining("there is no setting \"epoch\"; closest: \"epochs\"")
                .hasMessageContaining("\"learning-rate\"");
    }

    @ParameterizedTest
    @CsvSource({
        "epochs=three, a whole number",
        "epochs=2.5, a whole number",
        "rank=, a whole number",
        "learning-rate=fast, a number",
        "learning-rate=NaN, a number",
        "balanced-labels=maybe, true or false"
    })
    void valuesOfAnotherKind_areErrors(String pair, String expected) {
        assertThatThrownBy(() -> with(pair).build()).hasMessageContaining("expected " + expected);
    }

    @Test
    void wholeNumbers_mayBeWrittenAsOthersDo() {
        assertThat(with("epochs=3.0", "batch-size=1e2").build().integer(Setting.BATCH_SIZE))
                .hasValue(100);
    }

    @Test
    void oneSettingByTwoNames_isAnError() {
        assertThatThrownBy(() -> with("r=4", "rank=8").build()).hasMessageContaining("are the same setting");
    }

    @Test
    void loraOptions_becomeItsConfig() {
        LoraConfig config = (LoraConfig)
                AdapterSettings.config(with("rank=4", "target-modules=query,value", "method-options=use_rslora=true")
                                .build())
                        .orElseThrow();
        assertThat(config.rank()).isEqualTo(4);
        assertThat(config.alpha()).isEqualTo(8);
        assertThat(config.scalingOf("encoder.layer.0.attention.self.query")).isEqualTo(4.0);
    }

    @Test
    void everyMethod_hasAConfig() {
        for (String method : AdapterSettings.names()) {
            if (!List.of(AdapterSettings.HEAD, AdapterSettings.FULL).contains(method)) {
                Map<String, String> needed = Map.of(
                        "adalora",
                        "method-options=total_step=10",
                        "trainable_tokens",
                        "method-options=token_indices=[1]");
                assertThat(AdapterSettings.names()).contains(method);
                if (!needed.containsKey(method)) {
                    assertThat(AdapterSettings.config(with("method=" + method).build()))
                            .as(method)
                            .isPresent();
                }
            }
        }
    }

    @Test
    void optionsOfAMethod_areItsOwn() {
        OftConfig oft = (OftConfig) AdapterSettings.config(with("method=oft", "method-options=oft_block_size=16,r=0")
                        .build())
                .orElseThrow();
        assertThat(oft.toString()).contains("16");
        assertThatThrownBy(() ->
                        AdapterSettings.config(with("method=ia3", "rank=4").build()))
                .hasMessageContaining("rank is set, and ia3 has none");
        assertThatThrownBy(() -> AdapterSettings.config(
                        with("method-options=use_rslor=true").build()))
                .hasMessageContaining("\"use_rslora\"");
        assertThatThrownBy(() -> AdapterSettings.config(with("method=lorra").build()))
                .hasMessageContaining("\"lora\"");
    }

    @Test
    void completeFile_isReadBackAsWhatWasGiven() {
        CliSettings settings = with("epochs=3", "text=the question", "target-modules=query,value")
                .build();
        CliSettings.Builder again = CliSettings.builder();
        YamlFile.read("x", SettingsText.complete(settings)).forEach((key, value) -> again.put(key, value.value(), "x"));
        assertThat(YamlText.of(again.build())).isEqualTo(YamlText.of(settings));
    }
}
