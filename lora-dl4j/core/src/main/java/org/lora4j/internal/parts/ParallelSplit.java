/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.parts;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.exec.FrozenPrefix;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.exec.NativeThreads;
import org.lora4j.exec.SplitExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The parts of a batch in two parts each: activations are joined, and shared out again as they were. */
final class ParallelSplit implements SplitExecutor {

    private final ParallelExecutor executor;
    private final List<SplitExecutor> splits;

    ParallelSplit(ParallelExecutor executor, List<SplitExecutor> splits) {
        this.executor = executor;
        this.splits = splits;
    }

    @Override
    public FrozenPrefix description() {
        return splits.get(0).description();
    }

    @Override
    public Set<String> prefixInputs() {
        return splits.get(0).prefixInputs();
    }

    @Override
    public Map<String, INDArray> prefix(Map<String, INDArray> placeholders) {
        return NativeThreads.one(() -> joined(placeholders));
    }

    private Map<String, INDArray> joined(Map<String, INDArray> placeholders) {
        BatchParts parts = BatchParts.of(placeholders, splits.size());
        try (OwnArrays copies = parts.copies(placeholders)) {
            List<Map<String, INDArray>> results =
                    executor.run(parts.count(), part -> splits.get(part).prefix(parts.placeholders(part)));
            Map<String, INDArray> joined = new LinkedHashMap<>();
            for (String name : description().activations()) {
                joined.put(
                        name,
                        parts.joinBlocks(
                                name, results.stream().map(r -> r.get(name)).toList()));
            }
            copies.leave(joined.values());
            return joined;
        }
    }

    @Override
    public LossAndGradients suffix(Map<String, INDArray> placeholders, Map<String, INDArray> activations, long seed) {
        return NativeThreads.one(() -> joined(placeholders, activations, seed));
    }

    private LossAndGradients joined(Map<String, INDArray> placeholders, Map<String, INDArray> activations, long seed) {
        BatchParts parts = BatchParts.of(placeholders, splits.size());
        try (OwnArrays copies = parts.copies(placeholders)) {
            List<Map<String, INDArray>> blocks = parts.blocks(activations);
            blocks.forEach(block -> copies.addNew(block.values(), activations.values()));
            LossAndGradients joined = parts.joined(
                    executor.run(
                            parts.count(),
                            part -> splits.get(part)
                                    .suffix(
                                            parts.placeholders(part),
                                            blocks.get(part),
                                            ParallelExecutor.partSeed(seed, part))),
                    executor.isSumOfParts(placeholders, parts),
                    (part, array) -> array.close());
            copies.leave(joined.gradients().values());
            return joined;
        }
    }
}
