/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Encoders and classifiers compute what Transformers and PEFT do: see {@link GoldenImages}. */
class ImageGoldenTest {

    static final Path MODELS = Path.of("src", "test", "resources", "encoders");

    @ParameterizedTest
    @ValueSource(strings = {"vit-interpolated", "vit-embed", "deit-teacher", "dinov2-swiglu-imgcls", "convnext-imgcls"})
    void model_computesWhatPythonDoes(String model) throws IOException {
        assertThat(GoldenImages.problems(MODELS.resolve(model))).isEmpty();
    }

    static List<Path> rectangular() throws IOException {
        try (Stream<Path> models = Files.list(MODELS.resolve("rectangular"))) {
            return models.filter(Files::isDirectory).sorted().toList();
        }
    }

    /** Every family with images that are not square: {@code encoders/rectangular/make.py}. */
    @ParameterizedTest
    @MethodSource("rectangular")
    void imagesThatAreNotSquare_giveWhatPytorchDoes(Path model) throws IOException {
        assertThat(GoldenImages.problems(model)).isEmpty();
    }
}
