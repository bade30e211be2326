/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * The processors that a generation asks for, in the order in which transformers runs them ({@code
 * GenerationMixin._get_logits_processor}): each works on what the ones before it left. Biases come first, and the penalties of
 * OpenAI's interface after that of transformers.
 *
 * <p><b>Cost.</b> One exponential for each token that is left when the first filter asks for probabilities, and a few passes
 * over those that are left for each filter: no sorting.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class LogitsChain {

    /** The table: what makes a processor of the values, or null if they do not ask for it. */
    private static final List<Function<GenerationValues, LogitsProcessor>> TABLE = List.of(
            unless(Parameter.LOGIT_BIAS, Map.of(), LogitsChain::bias),
            unless(Parameter.REPETITION_PENALTY, 1.0, LogitsChain::repetitionPenalty),
            unless(Parameter.FREQUENCY_PENALTY, 0.0, LogitsChain::frequencyPenalty),
            unless(Parameter.PRESENCE_PENALTY, 0.0, LogitsChain::presencePenalty),
            unless(Parameter.NO_REPEAT_NGRAM_SIZE, 0, NoRepeatNgram::new),
            LogitsChain::minNewTokens,
            sampling(Parameter.TEMPERATURE, 1.0, value -> (candidates, tokens) -> candidates.divide(value)),
            sampling(Parameter.TOP_K, 0, value -> (candidates, tokens) -> candidates.keepBest(value)),
            sampling(Parameter.TOP_P, 1.0, value -> (candidates, tokens) -> candidates.keepMass(value)),
            sampling(Parameter.MIN_P, 0.0, value -> (candidates, tokens) -> candidates.keepNearBest(value)),
            sampling(Parameter.TYPICAL_P, 1.0, value -> (candidates, tokens) -> candidates.keepTypical(value)),
            sampling(Parameter.EPSILON_CUTOFF, 0.0, value -> (candidates, tokens) -> candidates.keepProbable(value)),
            sampling(Parameter.ETA_CUTOFF, 0.0, LogitsChain::etaCutoff));

    private final List<LogitsProcessor> processors;

    private LogitsChain(List<LogitsProcessor> processors) {
        this.processors = processors;
    }

    /**
     * The chain of a generation.
     *
     * @param values what it was told, without problems
     * @return its processors, none if it asks for none
     */
    public static LogitsChain of(GenerationValues values) {
        return new LogitsChain(TABLE.stream()
                .map(line -> line.apply(values))
                .filter(Objects::nonNull)
                .toList());
    }

    private static <T> Function<GenerationValues, LogitsProcessor> unless(
            Parameter<T> parameter, T off, Function<T, LogitsProcessor> make) {
        return values -> values.get(parameter).equals(off) ? null : make.apply(values.get(parameter));
    }

    private static <T> Function<GenerationValues, LogitsProcessor> sampling(
            Parameter<T> parameter, T off, Function<T, LogitsProcessor> make) {
        Function<GenerationValues, LogitsProcessor> line = unless(parameter, off, make);
        return values -> values.isSampling() ? line.apply(values) : null;
    }

    /** Makes tokens that were seen less probable, once each however often; or more probable, below 1. Keskar et al., 2019. */
    private static LogitsProcessor repetitionPenalty(double factor) {
        return (candidates, tokens) -> tokens.seen().stream().forEach(id -> candidates.penalize(id, factor));
    }

    /** Makes tokens more probable or less. */
    private static LogitsProcessor bias(Map<Integer, Double> biases) {
        return (candidates, tokens) -> biases.forEach(candidates::add);
    }

    /** Makes tokens that came after the prompt less probable each time; or more probable, below 0. OpenAI's formula. */
    private static LogitsProcessor frequencyPenalty(double penalty) {
        return (candidates, tokens) -> tokens.counts().forEach((id, count) -> candidates.add(id, -penalty * count));
    }

    /** Makes tokens that came after the prompt less probable, once each however often; or more probable, below 0. */
    private static LogitsProcessor presencePenalty(double penalty) {
        return (candidates, tokens) -> tokens.counts().keySet().forEach(id -> candidates.add(id, -penalty));
    }

    /** Takes out what ends a text, while it is too short. */
    private static LogitsProcessor minNewTokens(GenerationValues values) {
        int least = values.get(Parameter.MIN_NEW_TOKENS);
        List<Integer> ends = values.get(Parameter.EOS_TOKEN_IDS);
        return least == 0 || ends == null
                ? null
                : (candidates, tokens) -> {
                    if (tokens.newTokens() < least) {
                        ends.forEach(candidates::ban);
                    }
                };
    }

    /** {@code eta = min(epsilon, sqrt(epsilon) exp(-entropy))} is the least probability. Hewitt et al., 2022. */
    private static LogitsProcessor etaCutoff(double epsilon) {
        return (candidates, tokens) ->
                candidates.keepProbable(Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-candidates.entropy())));
    }

    /** Whether it leaves everything as it is. */
    boolean isEmpty() {
        return processors.isEmpty();
    }

    void apply(Candidates candidates, TokenHistory tokens) {
        processors.forEach(processor -> processor.apply(candidates, tokens));
    }

    /**
     * What it makes of one row, apart from a generation.
     *
     * @param logits a number for each token
     * @param promptIds the tokens so far
     * @return the row after all processors
     */
    public ProcessedLogits processed(double[] logits, int... promptIds) {
        Candidates candidates = new Candidates();
        candidates.start(logits);
        apply(candidates, new TokenHistory(promptIds));
        return candidates.processed();
    }
}
