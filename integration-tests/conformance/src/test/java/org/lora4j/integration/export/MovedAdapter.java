/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.export;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.adapter.Adapter;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters as training leaves them: B is not zero, and the vectors of a model move. */
final class MovedAdapter {

    private MovedAdapter() {}

    static Adapter of(AdaptedSameDiff model) {
        Adapter fresh = model.adapter(AdaptedSameDiff.DEFAULT_ADAPTER);
        SplittableRandom random = new SplittableRandom(7);
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        fresh.modules().forEach((path, factors) -> {
            Map<String, INDArray> own = new LinkedHashMap<>(factors);
            own.put("lora_B.weight", moved(Nd4j.zerosLike(factors.get("lora_B.weight")), 0.05, random));
            modules.put(path, own);
        });
        return Adapter.of(fresh.config(), modules, fresh.savedParameters()).onBaseOf(List.of(fresh));
    }

    /** The same adapter with a head that was trained in full. */
    static Adapter withHead(Adapter adapter, Map<String, INDArray> head) {
        return Adapter.of(
                        adapter.loraConfig().toBuilder()
                                .modulesToSave(EncoderClassifier.HEAD)
                                .build(),
                        adapter.modules(),
                        head)
                .onBaseOf(List.of(adapter));
    }

    /** The encoder with a pooler, which MiniLM's files do not have. */
    static EncoderWeights withPooler(EncoderWeights plain) {
        SplittableRandom random = new SplittableRandom(11);
        int hidden = plain.config().hidden();
        Map<String, INDArray> tensors = new LinkedHashMap<>(plain.tensors());
        tensors.put("pooler.dense.weight", moved(Nd4j.zeros(hidden, hidden), 0.2, random));
        tensors.put("pooler.dense.bias", moved(Nd4j.zeros(hidden), 0.2, random));
        return EncoderWeights.of(plain.config(), tensors);
    }

    /** A copy in which every value has moved at random by up to half of the range. */
    static INDArray moved(INDArray array, double range, SplittableRandom random) {
        float[] values = array.dup('c').data().asFloat();
        for (int i = 0; i < values.length; i++) {
            values[i] += (float) (range * (random.nextDouble() - 0.5));
        }
        return Nd4j.create(values, array.shape(), 'c');
    }
}
