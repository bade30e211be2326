/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.lora4j.Lora;
import org.lora4j.config.BoftConfig;
import org.lora4j.config.HraConfig;
import org.lora4j.config.LnTuningConfig;
import org.lora4j.config.OftConfig;
import org.lora4j.config.RoadConfig;
import org.lora4j.config.TrainableTokensConfig;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** The examples of docs/methods.md of what is trained in full and of what turns or scales. */
class GuideRotationsTest {

    private static final long SEED = 1;

    /** Tokens, looked up, normalized and multiplied. */
    private static SameDiff graph() {
        SameDiff sd = SameDiff.create();
        SDVariable ids = sd.placeHolder("ids", DataType.INT32, -1);
        SDVariable rows = sd.gather(
                sd.var("word_embeddings.weight", Nd4j.linspace(-1, 1, 40).reshape(10, 4)), ids, 0);
        SDVariable normal = sd.math()
                .standardize(rows, 1)
                .mul(sd.var("norm.weight", Nd4j.ones(4)))
                .add(sd.var("norm.bias", Nd4j.zeros(4)));
        SDVariable y =
                normal.mmul(sd.var("dense1.weight", Nd4j.linspace(-1, 1, 16).reshape(4, 4)));
        sd.math().square(y).mean().rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    @Test
    void lnTuning() {
        SameDiff graph = graph();
        long seed = SEED;

        LnTuningConfig config = LnTuningConfig.builder().targetModules("norm").build();
        AdaptedSameDiff model = Lora.inject(graph, config, seed);

        assertThat(model.adapter("default").savedParameters()).containsOnlyKeys("norm.weight", "norm.bias");
    }

    @Test
    void trainableTokens() {
        SameDiff graph = graph();
        long seed = SEED;

        TrainableTokensConfig config = TrainableTokensConfig.builder()
                .targetModules("word_embeddings")
                .tokenIndices(3, 7)
                .build();
        AdaptedSameDiff model = Lora.inject(graph, config, seed);

        assertThat(model.parameterSummary().trainable()).isEqualTo(8);
    }

    @Test
    void road() {
        SameDiff graph = graph();
        long seed = SEED;

        RoadConfig config =
                RoadConfig.builder().groupSize(2).targetModules("dense1").build();
        AdaptedSameDiff model = Lora.inject(graph, config, seed);

        assertThat(model.adapter("default").modules().get("dense1")).containsOnlyKeys("road_theta", "road_alpha");
    }

    @Test
    void oft() {
        SameDiff graph = graph();
        long seed = SEED;

        OftConfig config =
                OftConfig.builder().blockSize(4).targetModules("dense1").build();
        AdaptedSameDiff model = Lora.inject(graph, config, seed);

        assertThat(model.adapter("default").modules().get("dense1")).containsOnlyKeys("oft_R.weight");
    }

    @Test
    void hra() {
        SameDiff graph = graph();
        long seed = SEED;

        HraConfig config = HraConfig.builder().rank(4).targetModules("dense1").build();
        AdaptedSameDiff model = Lora.inject(graph, config, seed);

        assertThat(model.adapter("default").modules().get("dense1")).containsOnlyKeys("hra_u");
    }

    @Test
    void boft() {
        SameDiff graph = graph();
        long seed = SEED;

        BoftConfig config = BoftConfig.builder()
                .blockSize(2)
                .butterflyFactors(2)
                .targetModules("dense1")
                .build();
        AdaptedSameDiff model = Lora.inject(graph, config, seed);

        assertThat(model.adapter("default").modules().get("dense1")).containsOnlyKeys("boft_R", "boft_s");
    }
}
