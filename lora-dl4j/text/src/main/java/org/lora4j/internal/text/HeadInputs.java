/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.train.Progress;

/**
 * What an encoder gives for the examples of a fit: the inputs of a head.
 *
 * @param train for the examples to learn from
 * @param validation for those to choose by
 * @apiNote Status: internal
 */
public record HeadInputs(float[][] train, float[][] validation) {

    /** By the encoder as it was read. */
    static HeadInputs frozen(
            FitEncoder parts, HeadKind kind, List<EncodedText> train, List<EncodedText> validation, Progress progress) {
        // Together, so that short passes are few.
        List<TokenizedText> tokens = Stream.concat(train.stream(), validation.stream())
                .map(EncodedText::tokens)
                .toList();
        float[][] all = vectors(parts, kind.isPerToken(), tokens, progress);
        return new HeadInputs(Arrays.copyOf(all, train.size()), Arrays.copyOfRange(all, train.size(), all.length));
    }

    /**
     * The vectors of inputs, by the encoder as it was read.
     *
     * @param tokens what stands for the inputs
     * @return one for each
     */
    public static float[][] vectors(FitEncoder parts, List<TokenizedText> tokens, Progress progress) {
        return vectors(parts, false, tokens, progress);
    }

    private static float[][] vectors(
            FitEncoder parts, boolean perToken, List<TokenizedText> tokens, Progress progress) {
        GraphExecutor executor =
                SameDiffExecutor.forInference(parts.graph(false, perToken)).fastest();
        try (ExecutorPool executors = new ExecutorPool(() -> executor)) {
            RowOutputs rows = new RowOutputs(executors, parts.output(perToken), parts, perToken);
            return rows.of(tokens, progress.stage("vectors of the frozen encoder", parts.inputs(), tokens.size()));
        }
    }
}
