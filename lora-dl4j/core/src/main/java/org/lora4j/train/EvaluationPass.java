/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.lora4j.error.MessageText;
import org.lora4j.exec.GraphExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** One pass of a model over batches, for what is counted there. */
final class EvaluationPass {

    private EvaluationPass() {}

    /** Counts a batch; {@code where} begins messages about it. */
    @FunctionalInterface
    interface Count {
        void add(String where, INDArray found, INDArray expected);
    }

    static void run(String name, GraphExecutor executor, Batches batches, String output, String labels, Count count) {
        Objects.requireNonNull(executor, name + ": executor is null; expected one such as model.outputExecutor()");
        Objects.requireNonNull(batches, name + ": batches is null; expected a source of batches");
        Iterator<Batch> pass = batches.epoch(1, 0);
        if (!pass.hasNext()) {
            throw new IllegalArgumentException(name + ": the source gave no batch; expected at least one");
        }
        for (int number = 1; pass.hasNext(); number++) {
            Batch batch = pass.next();
            String where = name + ", batch " + number + ": ";
            try {
                INDArray expected = batch.placeholders().get(labels);
                if (expected == null) {
                    throw new IllegalArgumentException(
                            where + "no placeholder " + MessageText.name(labels) + " with labels; the batch has "
                                    + batch.placeholders().keySet());
                }
                count.add(
                        where,
                        executor.output(batch.placeholders(), List.of(output)).get(output),
                        expected);
            } finally {
                if (batch.disposable()) {
                    batch.placeholders().values().forEach(INDArray::close);
                }
            }
        }
    }
}
