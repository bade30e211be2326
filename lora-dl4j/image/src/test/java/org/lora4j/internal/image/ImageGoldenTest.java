/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Encoders and classifiers compute what Transformers and PEFT do: see {@link GoldenImages}. */
class ImageGoldenTest {

    static final Path MODELS = Path.of("src", "test", "resources", "encoders");

    @ParameterizedTest
    @ValueSource(strings = {"vit-interpolated", "vit-embed", "deit-teacher", "dinov2-swiglu-imgcls", "convnext-imgcls"})
    void model_computesWhatPythonDoes(String model) throws IOException {
        assertThat(GoldenImages.problems(MODELS.resolve(model))).isEmpty();
    }
}
