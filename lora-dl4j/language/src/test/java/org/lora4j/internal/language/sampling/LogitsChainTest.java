/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogitsChainTest {

    private static final double OUT = Double.NEGATIVE_INFINITY;

    /** The logarithms of 1/2, 1/4, 1/8, 1/16, 1/16, in another order. */
    private static final double[] HALVES =
            DoubleStream.of(0.0625, 0.5, 0.125, 0.25, 0.0625).map(Math::log).toArray();

    private static <T> GenerationValues sampling(Parameter<T> parameter, T value) {
        return GenerationValues.NONE.with(Parameter.DO_SAMPLE, true).with(parameter, value);
    }

    private static <T> GenerationValues greedy(Parameter<T> parameter, T value) {
        return GenerationValues.NONE.with(parameter, value);
    }

    private static Set<Integer> kept(GenerationValues values, double[] logits, int... tokens) {
        double[] processed = LogitsChain.of(values).processed(logits, tokens).logits();
        return IntStream.range(0, processed.length)
                .filter(id -> processed[id] > OUT)
                .boxed()
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void temperature_dividesLogits() {
        double[] processed = LogitsChain.of(sampling(Parameter.TEMPERATURE, 0.5))
                .processed(new double[] {1, -2, 0})
                .logits();

        assertThat(processed).containsExactly(2, -4, 0);
    }

    @Test
    void topK_keepsTiesOfTheLast() {
        double[] logits = {1, 3, 2, 3, 2, 2};

        assertThat(kept(sampling(Parameter.TOP_K, 1), logits)).containsExactly(1, 3);
        assertThat(kept(sampling(Parameter.TOP_K, 2), logits)).containsExactly(1, 3);
        assertThat(kept(sampling(Parameter.TOP_K, 3), logits)).containsExactly(1, 2, 3, 4, 5);
        assertThat(kept(sampling(Parameter.TOP_K, 6), logits)).hasSize(6);
        assertThat(kept(sampling(Parameter.TOP_K, 7), logits)).hasSize(6);
    }

    @Test
    void topP_keepsTheTokenThatCrossesTheLimit() {
        assertThat(kept(sampling(Parameter.TOP_P, 0.49), HALVES)).containsExactly(1);
        assertThat(kept(sampling(Parameter.TOP_P, 0.51), HALVES)).containsExactly(1, 3);
        assertThat(kept(sampling(Parameter.TOP_P, 0.76), HALVES)).containsExactly(1, 2, 3);
        assertThat(kept(sampling(Parameter.TOP_P, 0.0), HALVES)).containsExactly(1);
        assertThat(kept(sampling(Parameter.TOP_P, 0.99), HALVES)).hasSize(5);
    }

    @Test
    void topP_ofEqualTokens_keepsTheFirst() {
        // 0.9 needs one of the two that have 1/16.
        assertThat(kept(sampling(Parameter.TOP_P, 0.9), HALVES)).containsExactly(0, 1, 2, 3);
        assertThat(kept(sampling(Parameter.TOP_P, 0.55), new double[] {7, 7, 7, 7}))
                .containsExactly(0, 1, 2);
    }

    @Test
    void minP_comparesWithTheBest() {
        assertThat(kept(sampling(Parameter.MIN_P, 0.2), HALVES)).containsExactly(1, 2, 3);
        assertThat(kept(sampling(Parameter.MIN_P, 0.3), HALVES)).containsExactly(1, 3);
        assertThat(kept(sampling(Parameter.MIN_P, 1.0), HALVES)).containsExactly(1);
    }

    @Test
    void typicalP_prefersTokensOfTheExpectedSurprise() {
        // Entropy 1.875 bits: 1/4, of 2 bits, is nearest (0.125), then 1/2 (0.875), 1/8 (1.125) and 1/16 (2.125).
        assertThat(kept(sampling(Parameter.TYPICAL_P, 0.2), HALVES)).containsExactly(3);
        assertThat(kept(sampling(Parameter.TYPICAL_P, 0.3), HALVES)).containsExactly(1, 3);
        assertThat(kept(sampling(Parameter.TYPICAL_P, 0.8), HALVES)).containsExactly(1, 2, 3);
        // Both of 1/16 are as far.
        assertThat(kept(sampling(Parameter.TYPICAL_P, 0.9), HALVES)).hasSize(5);
    }

    @Test
    void epsilonCutoff_keepsTheBestAtLeast() {
        assertThat(kept(sampling(Parameter.EPSILON_CUTOFF, 0.1), HALVES)).containsExactly(1, 2, 3);
        assertThat(kept(sampling(Parameter.EPSILON_CUTOFF, 0.9), HALVES)).containsExactly(1);
        assertThat(kept(sampling(Parameter.EPSILON_CUTOFF, 0.9), new double[] {1, 1}))
                .containsExactly(0, 1);
    }

    @Test
    void etaCutoff_isLowerWhereTheNextTokenIsUncertain() {
        // exp(-entropy) = 2^-1.875 = 0.2726; sqrt(0.2) * 0.2726 = 0.1219, below 0.2: 1/8 stays.
        assertThat(kept(sampling(Parameter.ETA_CUTOFF, 0.2), HALVES)).containsExactly(1, 2, 3);
        // sqrt(0.3) * 0.2726 = 0.1493: it does not.
        assertThat(kept(sampling(Parameter.ETA_CUTOFF, 0.3), HALVES)).containsExactly(1, 3);
        // 0.05, below sqrt(0.05) * 0.2726 = 0.061 and 1/16: all stay.
        assertThat(kept(sampling(Parameter.ETA_CUTOFF, 0.05), HALVES)).hasSize(5);
    }

    @Test
    void repetitionPenalty_worksOnceForEachTokenSeen() {
        double[] processed = LogitsChain.of(greedy(Parameter.REPETITION_PENALTY, 2.0))
                .processed(new double[] {4, -4, 0, 4}, 0, 0, 1, 2, 0)
                .logits();

        assertThat(processed).containsExactly(2, -8, 0, 4);
    }

    @Test
    void frequencyAndPresencePenalty_countWhatCameAfterThePrompt() {
        GenerationValues values = greedy(Parameter.FREQUENCY_PENALTY, 0.5).with(Parameter.PRESENCE_PENALTY, -0.25);
        TokenHistory tokens = new TokenHistory(new int[] {0, 0, 3});
        for (int id : new int[] {1, 2, 1, 1}) {
            tokens.add(id);
        }
        Candidates candidates = new Candidates();
        candidates.start(new double[] {1, 2, -3, 4});

        LogitsChain.of(values).apply(candidates, tokens);

        // 2 - 3 * 0.5 + 0.25 and -3 - 0.5 + 0.25; those of the prompt stay.
        assertThat(candidates.processed().logits()).containsExactly(1, 0.75, -3.25, 4);
    }

    @Test
    void logitBias_isAddedBeforePenalties() {
        GenerationValues values =
                greedy(Parameter.LOGIT_BIAS, Map.of(0, -3.0, 2, 0.5, 77, 9.0)).with(Parameter.REPETITION_PENALTY, 2.0);

        // 2 - 3 is below 0 and multiplied, 0.5 + 0.5 is divided; there is no token 77.
        assertThat(LogitsChain.of(values)
                        .processed(new double[] {2, 1, 0.5}, 0, 2)
                        .logits())
                .containsExactly(-2, 1, 0.5);
    }

    @Test
    void noRepeatNgram_takesOutWhatWouldRepeatARun() {
        double[] logits = new double[6];

        // After 1 2 came 3, and 4.
        assertThat(kept(greedy(Parameter.NO_REPEAT_NGRAM_SIZE, 3), logits, 1, 2, 3, 1, 2, 4, 1, 2))
                .containsExactly(0, 1, 2, 5);
        assertThat(kept(greedy(Parameter.NO_REPEAT_NGRAM_SIZE, 1), logits, 5, 0))
                .containsExactly(1, 2, 3, 4);
        // 2 2 2: another 2 would repeat 2 2.
        assertThat(kept(greedy(Parameter.NO_REPEAT_NGRAM_SIZE, 2), logits, 2, 2))
                .containsExactly(0, 1, 3, 4, 5);
        assertThat(kept(greedy(Parameter.NO_REPEAT_NGRAM_SIZE, 4), logits, 1, 2))
                .hasSize(6);
    }

    @Test
    void minNewTokens_takesOutEndsAfterThePromptOnly() {
        GenerationValues values = greedy(Parameter.MIN_NEW_TOKENS, 2).with(Parameter.EOS_TOKEN_IDS, List.of(1, 3, 99));
        TokenHistory tokens = new TokenHistory(new int[] {0, 0, 0});
        Candidates candidates = new Candidates();
        tokens.add(0);

        candidates.start(new double[4]);
        LogitsChain.of(values).apply(candidates, tokens);
        assertThat(candidates.processed().logits()).containsExactly(0, OUT, 0, OUT);

        tokens.add(0);
        candidates.start(new double[4]);
        LogitsChain.of(values).apply(candidates, tokens);
        assertThat(candidates.processed().logits()).containsExactly(0, 0, 0, 0);
    }

    @Test
    void processors_runInTheOrderOfTransformers() {
        // Top-k 2 leaves 1/2 and 1/4, which are then 2/3 and 1/3: top-p 0.6 keeps one. The other way around it would
        // keep two.
        GenerationValues both = sampling(Parameter.TOP_K, 2).with(Parameter.TOP_P, 0.6);
        assertThat(kept(both, HALVES)).containsExactly(1);
        // Temperature before top-p: at 0.5, 1/2 has (1/4) / (1/4 + 1/16 + 1/64 + 2/256) = 0.744.
        assertThat(kept(sampling(Parameter.TEMPERATURE, 0.5).with(Parameter.TOP_P, 0.7), HALVES))
                .containsExactly(1);
    }

    @Test
    void filtersOfSampling_doNothingForTheBestToken() {
        GenerationValues values =
                GenerationValues.NONE.with(Parameter.DO_SAMPLE, false).with(Parameter.TOP_K, 1);

        assertThat(LogitsChain.of(values).isEmpty()).isTrue();
    }

    @Test
    void valuesAtWhichNothingHappens_makeNoProcessor() {
        assertThat(LogitsChain.of(sampling(Parameter.TOP_P, 1.0)).isEmpty()).isTrue();
        assertThat(LogitsChain.of(sampling(Parameter.TYPICAL_P, 1.0)).isEmpty()).isTrue();
    }

    @Test
    void tokensOfProbabilityZero_stayOut() {
        double[] logits = {OUT, 1, OUT, 0};

        for (GenerationValues values : List.of(
                sampling(Parameter.TOP_K, 3),
                sampling(Parameter.TOP_P, 0.999),
                sampling(Parameter.TYPICAL_P, 0.999),
                sampling(Parameter.ETA_CUTOFF, 0.001))) {
            assertThat(kept(values, logits)).as(values.toString()).containsExactly(1, 3);
        }
    }

    @Test
    void allTokensTakenOut_isSaid() {
        LogitsChain chain = LogitsChain.of(greedy(Parameter.NO_REPEAT_NGRAM_SIZE, 1));

        assertThatThrownBy(() -> chain.processed(new double[2], 0, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no token is left that may come next: each of 2 is taken out; expected one at least."
                        + " minNewTokens and noRepeatNgramSize take tokens out: lower them.");
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15, 16})
    void filters_ofRandomLogits_keepMoreAsTheyGetWeaker(long seed) {
        double[] logits = random(seed);

        assertGrows(seed, logits, Parameter.TOP_K, 1, 2, 10, 100, 5000);
        assertGrows(seed, logits, Parameter.TOP_P, 0.0, 0.1, 0.5, 0.9, 0.999, 1.0);
        assertGrows(seed, logits, Parameter.MIN_P, 1.0, 0.5, 0.1, 0.001, 0.0);
        assertGrows(seed, logits, Parameter.TYPICAL_P, 0.01, 0.2, 0.7, 0.99, 1.0);
        assertGrows(seed, logits, Parameter.EPSILON_CUTOFF, 0.9, 0.1, 0.001, 1e-6, 0.0);
        assertGrows(seed, logits, Parameter.ETA_CUTOFF, 0.9, 0.1, 0.001, 1e-6, 0.0);
    }

    @SafeVarargs
    private static <T> void assertGrows(long seed, double[] logits, Parameter<T> parameter, T... weaker) {
        Set<Integer> before = Set.of();
        for (T value : weaker) {
            Set<Integer> kept = kept(sampling(parameter, value), logits);
            assertThat(kept)
                    .as("seed %d, %s = %s", seed, parameter, value)
                    .isNotEmpty()
                    .containsAll(before);
            before = kept;
        }
        assertThat(before).as("seed %d, %s", seed, parameter).hasSize(logits.length);
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24})
    void chainOfAll_ofRandomLogits_givesProbabilities(long seed) {
        GenerationValues values = sampling(Parameter.TEMPERATURE, 0.8)
                .with(Parameter.REPETITION_PENALTY, 1.1)
                .with(Parameter.TOP_K, 200)
                .with(Parameter.TOP_P, 0.95)
                .with(Parameter.MIN_P, 0.001)
                .with(Parameter.TYPICAL_P, 0.9)
                .with(Parameter.EPSILON_CUTOFF, 1e-4)
                .with(Parameter.ETA_CUTOFF, 1e-4);

        ProcessedLogits processed = LogitsChain.of(values).processed(random(seed), 1, 2, 3);

        assertThat(Arrays.stream(processed.probabilities()).sum()).isCloseTo(1, within(1e-12));
        assertThat(Arrays.stream(processed.probabilities())).allMatch(value -> value >= 0);
        for (int id = 0; id < processed.logits().length; id++) {
            assertThat(processed.probabilities()[id] > 0).isEqualTo(processed.logits()[id] > OUT);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {31, 32, 33, 34, 35, 36})
    void topP_ofRandomLogits_agreesWithSorting(long seed) {
        double[] logits = random(seed);
        double best = Arrays.stream(logits).max().getAsDouble();
        double total =
                Arrays.stream(logits).map(logit -> Math.exp(logit - best)).sum();
        List<Integer> sorted = IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparing(id -> -logits[id]))
                .toList();

        for (double limit : new double[] {0.05, 0.3, 0.8, 0.99}) {
            Set<Integer> expected = new TreeSet<>();
            double sum = 0;
            for (int at = 0; sum < limit; at++) {
                expected.add(sorted.get(at));
                sum += Math.exp(logits[sorted.get(at)] - best) / total;
            }
            assertThat(kept(sampling(Parameter.TOP_P, limit), logits))
                    .as("seed %d", seed)
                    .isEqualTo(expected);
        }
    }

    private static double[] random(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double spread = 0.1 + 5 * random.nextDouble();
        return IntStream.range(0, 2000)
                .mapToDouble(i -> random.nextGaussian() * spread)
                .toArray();
    }
}
