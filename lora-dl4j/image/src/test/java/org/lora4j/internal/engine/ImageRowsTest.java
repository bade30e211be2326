/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.exec.ExecutionParts;
import org.lora4j.exec.kernel.Multiplier;
import org.lora4j.image.ImageEncoder;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

class ImageRowsTest {

    @ParameterizedTest
    @ValueSource(strings = {"convnext-imgcls", "deit-teacher", "dinov2-swiglu-imgcls", "vit-embed", "vit-interpolated"})
    void everyFamily_isCut(String model) throws IOException {
        try (ImageEncoder encoder = ImageEncoder.load(Path.of("src/test/resources/encoders", model))) {
            SameDiff graph = encoder.graph();
            String input = graph.inputs().get(0);
            long[] shape = graph.getVariable(input).placeholderShape().clone();
            shape[0] = 4;

            assertThat(new PartRule(graph, Engine.kernels(Multiplier.nd4j()), 2, 1e-9)
                            .decide(
                                    Map.of(input, Nd4j.rand(DataType.FLOAT, shape)),
                                    List.of("last_hidden_state"),
                                    false)
                            .parting())
                    .isEqualTo(new ExecutionParts(2, "rows share nothing"));
        }
    }
}
