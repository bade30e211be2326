/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import java.util.EnumMap;
import java.util.Map;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.MemoryMode;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** What each contender does once. Every one has a network of its own, with the same weights. */
final class Work {

    private Work() {}

    static Map<Contender, Runnable> of(Model model) {
        Model.Task task = model.task();
        MultiLayerNetwork base = task.network();
        DataSet batch = task.batch();
        INDArray features = batch.getFeatures();
        LoraConfig config = model.config();
        MultiLayerNetwork stock = base.clone();
        MultiLayerNetwork lora = Lora.inject(base, config, Model.SEED).network();
        MultiLayerNetwork lowMemory =
                Lora.inject(base, config, Model.SEED, MemoryMode.LOW_MEMORY).network();
        MultiLayerNetwork active = trained(base, config, batch).network();
        AdaptedNetwork<MultiLayerNetwork> merging = trained(base, config, batch);
        merging.merge();
        MultiLayerNetwork merged = merging.network();

        Map<Contender, Runnable> work = new EnumMap<>(Contender.class);
        work.put(Contender.STOCK_STEP, () -> stock.fit(batch));
        work.put(Contender.LORA_STEP, () -> lora.fit(batch));
        work.put(Contender.LOW_MEMORY_STEP, () -> lowMemory.fit(batch));
        work.put(Contender.STOCK_OUTPUT, () -> base.output(features).close());
        work.put(Contender.ACTIVE_OUTPUT, () -> active.output(features).close());
        work.put(Contender.MERGED_OUTPUT, () -> merged.output(features).close());
        if (model.isRecurrent()) {
            INDArray step = features.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(0))
                    .dup();
            work.put(Contender.STOCK_TIME_STEP, () -> base.rnnTimeStep(step));
            work.put(Contender.ACTIVE_TIME_STEP, () -> active.rnnTimeStep(step));
        }
        return work;
    }

    private static AdaptedNetwork<MultiLayerNetwork> trained(MultiLayerNetwork base, LoraConfig config, DataSet batch) {
        AdaptedNetwork<MultiLayerNetwork> adapted = Lora.inject(base, config, Model.SEED);
        adapted.network().fit(batch);
        return adapted;
    }
}
