/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * What an updater remembers of each parameter (Adam: first and second moment), apart from the one array in which DL4J keeps
 * it.
 *
 * <p>DL4J joins parameters with equal updaters into blocks. The state of a block of n values is k arrays of n values one
 * after the other, in all updaters of M2.1.
 */
final class UpdaterHistory {

    private UpdaterHistory() {}

    private interface Visitor {
        void visit(String parameter, List<INDArray> parts);
    }

    /** Copies of the states by parameter, {@code layer/name}; without those that have none. */
    static Map<String, List<INDArray>> read(BaseMultiLayerUpdater<?> updater, Function<Trainable, String> keys) {
        Map<String, List<INDArray>> history = new LinkedHashMap<>();
        visit(
                updater,
                keys,
                (parameter, parts) -> history.put(
                        parameter, parts.stream().map(part -> part.dup('c')).toList()));
        return history;
    }

    /** Writes states where the parameter has one of the same size. */
    static void write(
            BaseMultiLayerUpdater<?> updater, Function<Trainable, String> keys, Map<String, List<INDArray>> history) {
        visit(updater, keys, (parameter, parts) -> {
            List<INDArray> known = history.getOrDefault(parameter, List.of());
            if (known.size() == parts.size()) {
                for (int i = 0; i < parts.size(); i++) {
                    parts.get(i).assign(known.get(i));
                }
            }
        });
    }

    private static void visit(BaseMultiLayerUpdater<?> updater, Function<Trainable, String> keys, Visitor visitor) {
        for (UpdaterBlock block : updater.getUpdaterBlocks()) {
            INDArray state = block.getUpdaterView();
            if (state == null) {
                continue;
            }
            INDArray flat = state.reshape(state.length());
            long size = block.getParamOffsetEnd() - block.getParamOffsetStart();
            for (UpdaterBlock.ParamState parameter : block.getLayersAndVariablesInBlock()) {
                long from = parameter.getParamOffsetStart() - block.getParamOffsetStart();
                long to = parameter.getParamOffsetEnd() - block.getParamOffsetStart();
                List<INDArray> parts = new ArrayList<>();
                for (long start = 0; start < flat.length(); start += size) {
                    parts.add(flat.get(NDArrayIndex.interval(start + from, start + to)));
                }
                visitor.visit(keys.apply(parameter.getLayer()) + "/" + parameter.getParamName(), parts);
            }
        }
    }
}
