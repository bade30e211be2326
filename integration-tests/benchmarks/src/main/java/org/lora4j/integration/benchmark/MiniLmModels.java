/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** all-MiniLM-L6-v2 with a head, and the adapters that benchmarks put on it. */
final class MiniLmModels {

    static final int RANK = 8;
    static final int SEED = 1;
    static final double RATE = 1e-4;
    static final ModuleSelector ALL_LINEAR = ModuleSelector.allLinear();
    static final ModuleSelector QUERY_VALUE = ModuleSelector.suffixes("query", "value");
    static final List<String> HEAD = List.of(EncoderClassifier.HEAD + ".weight", EncoderClassifier.HEAD + ".bias");

    private static final int LAYERS = 6;

    private final EncoderWeights weights;

    MiniLmModels() throws IOException {
        this.weights = MiniLm.weights();
    }

    EncoderWeights weights() {
        return weights;
    }

    /** The linear layers of the last so many blocks. */
    static ModuleSelector top(int blocks) {
        return ModuleSelector.regex(
                "encoder\\.layer\\.[" + (LAYERS - blocks) + "-" + (LAYERS - 1) + "]\\..*(query|key|value|dense)");
    }

    Map<String, INDArray> batch() {
        return MiniLmBatch.of(weights.config().vocabulary(), new SplittableRandom(SEED));
    }

    /** Over the weights themselves: for what does not change them. */
    SameDiff shared() {
        return classifier(weights);
    }

    /** Over a copy of the weights: for what changes them. */
    SameDiff own() {
        return classifier(weights.copy());
    }

    private static SameDiff classifier(EncoderWeights weights) {
        return EncoderClassifier.create(weights, Pooling.MEAN, MiniLmBatch.CLASSES, SEED)
                .graph();
    }

    static AdaptedSameDiff adapted(SameDiff base, ModuleSelector targets) {
        LoraConfig config = LoraConfig.builder()
                .rank(RANK)
                .alpha(2 * RANK)
                .targetModules(targets)
                .modulesToSave(EncoderClassifier.HEAD)
                .build();
        return Lora.inject(base, config, SEED);
    }
}
