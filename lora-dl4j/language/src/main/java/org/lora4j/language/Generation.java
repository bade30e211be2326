/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.Arrays;
import org.lora4j.internal.language.sampling.GenerationState;

/**
 * A text that a model made. Immutable.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class Generation {

    private final int[] promptIds;
    private final int[] newIds;
    private final String text;
    private final FinishReason finishReason;
    private final double[] logProbabilities;

    private Generation(GenerationState state, FinishReason finishReason) {
        this.promptIds = state.promptIds();
        this.newIds = state.newIds();
        this.text = state.text();
        this.finishReason = finishReason;
        this.logProbabilities = state.logProbabilities();
    }

    /** What came of a sequence that has ended. */
    static Generation of(GenerationState state) {
        return new Generation(
                state, FinishReason.valueOf(state.end().orElseThrow().name()));
    }

    /**
     * The tokens of the prompt.
     *
     * @return ids, a copy
     */
    public int[] promptIds() {
        return promptIds.clone();
    }

    /**
     * The tokens that came after it.
     *
     * @return ids, a copy; with the token that ended the text, and with those of a stop string
     */
    public int[] newIds() {
        return newIds.clone();
    }

    /**
     * The text after the prompt. It ends before a stop string, which transformers leaves in; no text is made of a token that
     * ends it.
     *
     * @return the text without the prompt
     */
    public String text() {
        return text;
    }

    /**
     * Why it ended.
     *
     * @return the reason
     */
    public FinishReason finishReason() {
        return finishReason;
    }

    /**
     * The natural logarithm of the probability of each new token in the softmax of the logits as the model gave them, before
     * penalties, temperature and filters. In transformers that is {@code compute_transition_scores(sequences, outputs.logits,
     * normalize_logits=True)}; with {@code outputs.scores} it takes the processed logits, which say how a token was drawn and
     * not how likely the model found it.
     *
     * @return one for each of {@link #newIds}, a copy; none if {@link GenerationConfig#logProbabilities} is off
     */
    public double[] logProbabilities() {
        return logProbabilities.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Generation that
                && Arrays.equals(promptIds, that.promptIds)
                && Arrays.equals(newIds, that.newIds)
                && text.equals(that.text)
                && finishReason == that.finishReason
                && Arrays.equals(logProbabilities, that.logProbabilities);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(newIds) + text.hashCode();
    }

    /** The text. */
    @Override
    public String toString() {
        return text;
    }
}
