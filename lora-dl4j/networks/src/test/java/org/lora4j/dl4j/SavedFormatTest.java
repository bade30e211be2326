/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.nio.file.Path;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Files that an earlier state of this library wrote open, and compute what their adapters say. */
class SavedFormatTest {

    private static final Path FILES = Path.of("src/test/resources/dl4j");

    /**
     * What the arrays of the file give by PEFT's rule, calculated apart from this library. When the model was saved, LoRA before
     * DoRA was not scaled: it computed 0.5950 and 0.4124.
     */
    private static final double[] OUTPUT = {
        0.5956296881579148, 0.4043703118420853, 0.4114909048013657, 0.5885090951986343
    };

    /** Double precision; sums may run in another order. */
    private static final double ROUNDING = 1e-12;

    private static INDArray input() {
        return Nd4j.linspace(DataType.DOUBLE, -1, 1.0 / 18, 36).reshape('c', 2, 2, 3, 3);
    }

    private static void requireOutput(MultiLayerNetwork network) {
        double[] output = Networks.values(network.output(input()));

        for (int i = 0; i < OUTPUT.length; i++) {
            assertThat(output[i]).isEqualTo(OUTPUT[i], offset(ROUNDING));
        }
    }

    @Test
    void adaptedModel_savedEarlier_opensAndComputesTheSame() throws IOException {
        AdaptedNetwork<MultiLayerNetwork> model =
                NetworkFile.of(FILES.resolve("model-first.zip")).adaptedMultiLayerNetwork();

        assertThat(model.activeAdapters()).containsExactly("default", "dora", "biased");
        requireOutput(model.network());
    }

    @Test
    void network_savedEarlierByModelSerializer_opensAndComputesTheSame() throws IOException {
        requireOutput(ModelSerializer.restoreMultiLayerNetwork(
                FILES.resolve("network-first.zip").toFile()));
    }
}
