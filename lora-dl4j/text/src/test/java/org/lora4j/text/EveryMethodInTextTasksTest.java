/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LnTuningConfig;
import org.lora4j.config.TrainableTokensConfig;
import org.lora4j.model.AdapterMethodContract;

/** A text task takes every method of adaptation: it learns, is saved and is read back. */
class EveryMethodInTextTasksTest {

    private static final TextEncoder ENCODER = TinyEncoder.create();
    private static final List<LabeledText> TRAIN = TinyEncoder.reviews(8, 1);
    private static final List<String> TEXTS =
            TinyEncoder.reviews(6, 3).stream().map(LabeledText::text).toList();

    @TempDir
    Path folder;

    @AfterAll
    static void close() {
        ENCODER.close();
    }

    static Stream<Map.Entry<String, Supplier<AdapterConfig.Builder<?>>>> methods() {
        return AdapterMethodContract.methods().entrySet().stream();
    }

    @ParameterizedTest
    @MethodSource("methods")
    void method_learns_andIsReadBack(Map.Entry<String, Supplier<AdapterConfig.Builder<?>>> method) throws IOException {
        AdapterConfig config =
                method.getValue().get().targetModules("query", "value").build();

        check(config);
    }

    @Test
    void normsOfLayers_learn_andAreReadBack() throws IOException {
        check(LnTuningConfig.builder().targetModules("LayerNorm").build());
    }

    /** PEFT's config has no place for a head that is saved with the tokens. */
    @Test
    void tokensAlone_areRefusedByName() {
        AdapterConfig tokens = TrainableTokensConfig.builder()
                .targetModules("word_embeddings")
                .tokenIndices(5, 6)
                .build();

        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> TextClassifier.builder(ENCODER).adapter(tokens).build())
                .withMessageContaining("modulesToSave")
                .withMessageContaining("TRAINABLE_TOKENS");
    }

    private void check(AdapterConfig config) throws IOException {
        try (TextClassifier classifier = TextClassifier.builder(ENCODER)
                .adapter(config)
                .epochs(1)
                .validationFraction(0)
                .build()
                .fit(TRAIN)) {
            assertThat(classifier.adapter().config().peftType()).isEqualTo(config.peftType());
            assertThat(classifier.report().training().orElseThrow().norms())
                    .filteredOn(norm -> !norm.name().startsWith("classifier"))
                    .as("parameters of the method")
                    .isNotEmpty()
                    .extracting(norm -> norm.start() != norm.end())
                    .contains(true);
            Path directory = folder.resolve(config.peftType());
            classifier.save(directory);
            try (TextClassifier again = TextClassifier.load(directory, ENCODER)) {
                assertThat(again.predict(TEXTS)).isEqualTo(classifier.predict(TEXTS));
            }
        }
    }
}
