/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.export;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.adapter.Adapter;
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
            float[] b = new float[(int) factors.get("lora_B.weight").length()];
            for (int i = 0; i < b.length; i++) {
                b[i] = (float) (0.05 * (random.nextDouble() - 0.5));
            }
            own.put("lora_B.weight", Nd4j.create(b, factors.get("lora_B.weight").shape(), 'c'));
            modules.put(path, own);
        });
        return Adapter.of(fresh.config(), modules, fresh.savedParameters()).onBaseOf(List.of(fresh));
    }
}
