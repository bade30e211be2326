/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.train.Progress;

/**
 * What an encoder gives for the examples of a fit: the inputs of a head.
 *
 * @param train for the examples to learn from
 * @param validation for those to choose by
 */
record HeadInputs(float[][] train, float[][] validation) {

    /** By the encoder as it was read. */
    static HeadInputs frozen(
            FitEncoder parts, HeadKind kind, List<EncodedText> train, List<EncodedText> validation, Progress progress) {
        boolean perToken = kind.isPerToken();
        GraphExecutor executor =
                SameDiffExecutor.forInference(parts.graph(false, perToken)).fastest();
        try (ExecutorPool executors = new ExecutorPool(() -> executor)) {
            RowOutputs rows = new RowOutputs(executors, parts.output(perToken), parts, perToken);
            Progress.Stage stage =
                    progress.stage("vectors of the frozen encoder", parts.inputs(), train.size() + validation.size());
            // Together, so that short passes are few.
            float[][] all = rows.of(
                    Stream.concat(train.stream(), validation.stream())
                            .map(EncodedText::tokens)
                            .toList(),
                    stage);
            return new HeadInputs(Arrays.copyOf(all, train.size()), Arrays.copyOfRange(all, train.size(), all.length));
        }
    }
}
