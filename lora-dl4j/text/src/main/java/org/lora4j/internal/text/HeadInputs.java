/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.List;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.train.Progress;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * What an encoder gives for the examples of a fit: the inputs of a head.
 *
 * @param train for the examples to learn from
 * @param validation for those to choose by
 */
record HeadInputs(float[][] train, float[][] validation) {

    /** By the encoder as it was read. */
    static HeadInputs frozen(
            EncoderParts parts,
            HeadKind kind,
            List<EncodedText> train,
            List<EncodedText> validation,
            Progress progress) {
        SameDiff graph = TaskModel.encoder(parts, parts.weights(), kind);
        TaskModel.Output features = TaskModel.features(graph, parts, kind);
        GraphExecutor executor = SameDiffExecutor.forInference(graph).fastest();
        try (ExecutorPool executors = new ExecutorPool(() -> executor)) {
            RowOutputs rows = new RowOutputs(executors, features.name(), parts.inputs(kind), features.perToken());
            Progress.Stage stage =
                    progress.stage("vectors of the frozen encoder", "texts", train.size() + validation.size());
            return new HeadInputs(
                    rows.of(train.stream().map(EncodedText::tokens).toList(), stage),
                    rows.of(validation.stream().map(EncodedText::tokens).toList(), stage));
        }
    }
}
