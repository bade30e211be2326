/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
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
    private final List<List<TokenProbability>> topLogProbabilities;
    private final OptionalLong seed;
    private final List<Generation> others;

    private Generation(GenerationState state, FinishReason finishReason) {
        this.promptIds = state.promptIds();
        this.newIds = state.newIds();
        this.text = state.text();
        this.finishReason = finishReason;
        this.logProbabilities = state.logProbabilities();
        this.topLogProbabilities =
                state.ranked().stream().map(TokenProbability::of).toList();
        this.seed = state.seed();
        this.others = List.of();
    }

    private Generation(Generation first, List<Generation> others) {
        this.promptIds = first.promptIds;
        this.newIds = first.newIds;
        this.text = first.text;
        this.finishReason = first.finishReason;
        this.logProbabilities = first.logProbabilities;
        this.topLogProbabilities = first.topLogProbabilities;
        this.seed = first.seed;
        this.others = List.copyOf(others);
    }

    /** The first of several texts of one prompt, which knows the others. */
    static Generation first(List<Generation> texts) {
        return texts.size() == 1 ? texts.get(0) : new Generation(texts.get(0), texts.subList(1, texts.size()));
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
     * All texts that a call for one prompt made, this one first: as many as {@link GenerationConfig#numReturnSequences} asks for.
     *
     * @return one for most calls; for results of a list, which has them all, this one alone
     */
    public List<Generation> sequences() {
        List<Generation> all = new ArrayList<>();
        all.add(this);
        all.addAll(others);
        return List.copyOf(all);
    }

    /**
     * Where the random numbers of this text began: set in a config, it makes the text again.
     *
     * @return the seed that the config had, or that was drawn for the call; empty if the best token was taken each time
     */
    public OptionalLong seed() {
        return seed;
    }

    /**
     * The text after the prompt, as the tokens of prompt and text together give it: a text whose first word has a blank before it
     * begins with that blank. It ends before a stop string, which transformers leaves in; no text is made of a token that
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

    /**
     * The most probable tokens at the place of each new one, in the same softmax as {@link #logProbabilities}; the one that came
     * need not be among them.
     *
     * @return as many as {@link GenerationConfig#topLogProbabilities} asks for, the best first, for each of {@link #newIds}; an
     *     empty list if it asks for none
     */
    public List<List<TokenProbability>> topLogProbabilities() {
        return topLogProbabilities;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Generation that
                && Arrays.equals(promptIds, that.promptIds)
                && Arrays.equals(newIds, that.newIds)
                && text.equals(that.text)
                && finishReason == that.finishReason
                && Arrays.equals(logProbabilities, that.logProbabilities)
                && topLogProbabilities.equals(that.topLogProbabilities);
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
