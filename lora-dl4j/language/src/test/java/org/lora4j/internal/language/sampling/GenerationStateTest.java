/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GenerationStateTest {

    private static final int[] PROMPT = {1, 2};
    private static final int CONTEXT = 100;

    private final Candidates candidates = new Candidates();

    /** Each token is a letter: 0 is a, 1 is b. */
    private static TextPieces letters(String rest) {
        return new TextPieces() {
            @Override
            public String next(int id) {
                return String.valueOf((char) ('a' + id));
            }

            @Override
            public String rest() {
                return rest;
            }
        };
    }

    private GenerationState state(GenerationValues values) {
        return state(values, 0, PROMPT);
    }

    private GenerationState state(GenerationValues values, int number, int... prompt) {
        return new GenerationState(values, prompt, number, CONTEXT, letters(""), candidates);
    }

    private static GenerationValues greedy(int most) {
        return GenerationValues.NONE.with(Parameter.MAX_NEW_TOKENS, most);
    }

    private static GenerationValues sampling(int most) {
        return greedy(most).with(Parameter.DO_SAMPLE, true).with(Parameter.SEED, 0L);
    }

    /** Logits whose best token is the one given. */
    private static float[] best(int id) {
        float[] logits = new float[8];
        logits[id] = 1;
        return logits;
    }

    @Test
    void greedy_takesTheFirstOfTheBest() {
        assertThat(state(greedy(5)).accept(new float[] {1, 3, 2, 3})).isEqualTo(1);
        assertThat(state(greedy(5).with(Parameter.REPETITION_PENALTY, 1.5)).accept(new float[] {2, 0, 0, 2}))
                .isZero();
    }

    @Test
    void penalties_workForTheBestTokenToo() {
        GenerationState state = state(greedy(5).with(Parameter.REPETITION_PENALTY, 2.0));

        // 1 is in the prompt: 3 / 2 is below 2.
        assertThat(state.accept(new float[] {0, 3, 0, 2})).isEqualTo(3);
    }

    @Test
    void ranked_areTheBestOfTheLogitsAsTheyCame_whateverIsChosen() {
        GenerationState state =
                state(greedy(3).with(Parameter.TOP_LOG_PROBABILITIES, 3).with(Parameter.LOGIT_BIAS, Map.of(0, 50.0)));
        float[] logits = {(float) Math.log(1), (float) Math.log(4), (float) Math.log(2), (float) Math.log(2), 0};

        assertThat(state.accept(logits)).isZero();

        // Of a sum of 10; of the equal ones the first.
        assertThat(state.logProbability()).isCloseTo(Math.log(0.1), within(1e-7));
        assertThat(state.lastRanked()).extracting(RankedToken::id).containsExactly(1, 2, 3);
        assertThat(state.lastRanked().get(0).logProbability()).isCloseTo(Math.log(0.4), within(1e-7));
        assertThat(state.lastRanked().get(2).logProbability()).isCloseTo(Math.log(0.2), within(1e-7));
        state.accept(new float[] {0, -1, 0});
        assertThat(state.ranked()).hasSize(2);
        assertThat(state.lastRanked()).extracting(RankedToken::id).containsExactly(0, 2, 1);
        assertThat(state.logProbabilities()).hasSize(2);
    }

    @Test
    void noRepeatNgram_countsNewTokens() {
        GenerationState state = state(greedy(5).with(Parameter.NO_REPEAT_NGRAM_SIZE, 1));

        assertThat(state.accept(new float[] {1, 9, 9, 0, 3})).isEqualTo(4);
        assertThat(state.accept(new float[] {1, 9, 9, 0, 3})).isZero();
    }

    @Test
    void length_ends() {
        GenerationState state = state(greedy(2));

        state.accept(best(3));
        assertThat(state.isFinished()).isFalse();
        state.accept(best(4));

        assertThat(state.end()).contains(EndReason.LENGTH);
        assertThat(state.newIds()).containsExactly(3, 4);
        assertThat(state.promptIds()).containsExactly(1, 2);
        assertThat(state.text()).isEqualTo("de");
        assertThatThrownBy(() -> state.accept(best(3)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "the text has ended (LENGTH) after 2 tokens; expected no more logits. Ask isFinished() before.");
    }

    @Test
    void withoutALength_thereAreTwentyTokens_orAsManyAsTheWholeMayHave() {
        assertThat(tokensUntilEnd(state(GenerationValues.NONE))).isEqualTo(20);
        assertThat(tokensUntilEnd(state(GenerationValues.NONE.with(Parameter.MAX_LENGTH, 5))))
                .isEqualTo(3);
        assertThat(tokensUntilEnd(state(greedy(4).with(Parameter.MAX_LENGTH, 3))))
                .isEqualTo(4);
    }

    private static int tokensUntilEnd(GenerationState state) {
        while (!state.isFinished()) {
            state.accept(best(0));
        }
        return state.newIds().length;
    }

    @Test
    void context_endsBeforeTheLength() {
        GenerationState full = new GenerationState(greedy(5), PROMPT, 0, 3, letters(""), candidates);
        GenerationState exact = new GenerationState(greedy(1), PROMPT, 0, 3, letters(""), candidates);

        full.accept(best(3));
        exact.accept(best(3));

        assertThat(full.end()).contains(EndReason.CONTEXT_FULL);
        assertThat(exact.end()).contains(EndReason.LENGTH);
    }

    @Test
    void stopToken_ends_andHasNoText() {
        GenerationState state = state(greedy(1).with(Parameter.EOS_TOKEN_IDS, List.of(6, 5)));

        state.accept(best(5));

        assertThat(state.end()).contains(EndReason.STOP_TOKEN);
        assertThat(state.newIds()).containsExactly(5);
        assertThat(state.text()).isEmpty();
    }

    @Test
    void minNewTokens_keepsStopTokensAway() {
        GenerationState state =
                state(greedy(5).with(Parameter.EOS_TOKEN_IDS, List.of(5)).with(Parameter.MIN_NEW_TOKENS, 1));

        assertThat(state.accept(best(5))).isZero();
        assertThat(state.accept(best(5))).isEqualTo(5);
    }

    @Test
    void stopString_ends_andIsCutOff() {
        GenerationState state = state(greedy(9).with(Parameter.STOP_STRINGS, List.of("cd")));
        List<String> pieces = new ArrayList<>();

        for (int id : new int[] {0, 2, 1, 2, 3}) {
            state.accept(best(id));
            pieces.add(state.piece());
        }

        assertThat(pieces).containsExactly("a", "", "cb", "", "");
        assertThat(state.text()).isEqualTo("acb");
        assertThat(state.newIds()).containsExactly(0, 2, 1, 2, 3);
        assertThat(state.end()).contains(EndReason.STOP_STRING);
    }

    @Test
    void textHeldBack_comesWithTheLastToken() {
        GenerationState length = state(greedy(2).with(Parameter.STOP_STRINGS, List.of("cde")));
        GenerationState stopped =
                state(greedy(9).with(Parameter.STOP_STRINGS, List.of("cde")).with(Parameter.EOS_TOKEN_IDS, List.of(7)));

        length.accept(best(2));
        length.accept(best(3));
        stopped.accept(best(2));
        stopped.accept(best(7));

        assertThat(length.piece()).isEqualTo("cd");
        assertThat(stopped.piece()).isEqualTo("c");
        assertThat(stopped.text()).isEqualTo("c");
    }

    @Test
    void restOfTheDecoder_comesWithTheLastToken_andMayCompleteAStopString() {
        GenerationState plain = new GenerationState(greedy(1), PROMPT, 0, CONTEXT, letters("?"), candidates);
        GenerationState stop = new GenerationState(
                greedy(1).with(Parameter.STOP_STRINGS, List.of("c?")), PROMPT, 0, CONTEXT, letters("?"), candidates);

        plain.accept(best(2));
        stop.accept(best(2));

        assertThat(plain.piece()).isEqualTo("c?");
        assertThat(stop.text()).isEmpty();
        assertThat(stop.end()).contains(EndReason.STOP_STRING);
    }

    @Test
    void cancel_ends_withWhatWasHeldBack_once() {
        GenerationState state = state(greedy(9).with(Parameter.STOP_STRINGS, List.of("cde")));
        state.accept(best(2));

        state.cancel();
        state.cancel();

        assertThat(state.text()).isEqualTo("c");
        assertThat(state.end()).contains(EndReason.CANCELLED);
    }

    @Test
    void cancel_afterTheEnd_changesNothing() {
        GenerationState state = state(greedy(1));
        state.accept(best(2));

        state.cancel();

        assertThat(state.end()).contains(EndReason.LENGTH);
    }

    @Test
    void logProbability_isOfTheLogitsBeforeProcessors() {
        GenerationState state =
                state(greedy(2).with(Parameter.LOG_PROBABILITIES, true).with(Parameter.REPETITION_PENALTY, 100.0));
        // Probabilities 1/8, 5/8, 2/8; token 1 is in the prompt and token 2, too, so 0 is taken: 2.08 / 1, but 3.69 /
        // 100.
        float[] logits = {(float) Math.log(8), (float) Math.log(40), (float) Math.log(16)};

        assertThat(state.accept(logits)).isZero();
        assertThat(state.logProbability()).isCloseTo(Math.log(1 / 8.0), within(1e-6));
        state.accept(logits);

        assertThat(state.logProbabilities()).hasSize(2);
        assertThat(state.logProbabilities()[0]).isCloseTo(Math.log(1 / 8.0), within(1e-6));
    }

    @Test
    void logProbabilities_whenNotWanted_areNone() {
        GenerationState state = state(greedy(2));

        state.accept(best(1));

        assertThat(state.logProbability()).isNaN();
        assertThat(state.logProbabilities()).isEmpty();
    }

    @Test
    void draws_comeAsOftenAsTheirProbabilities() {
        float[] logits = {(float) Math.log(0.5), Float.NEGATIVE_INFINITY, (float) Math.log(0.2), (float) Math.log(0.3)};
        GenerationState state = new GenerationState(
                sampling(20_000).with(Parameter.SEED, 7L), PROMPT, 0, 1 << 20, TextPieces.none(), candidates);
        int[] count = new int[4];

        while (!state.isFinished()) {
            count[state.accept(logits)]++;
        }

        // Four standard deviations of the share are below 0.015.
        assertThat(count[0] / 20_000.0).isCloseTo(0.5, within(0.015));
        assertThat(count[1]).isZero();
        assertThat(count[2] / 20_000.0).isCloseTo(0.2, within(0.015));
        assertThat(count[3] / 20_000.0).isCloseTo(0.3, within(0.015));
    }

    @Test
    void equalSeedAndPrompt_giveEqualTexts_whateverElseIsComputed() {
        GenerationValues values = sampling(40).with(Parameter.SEED, 3L).with(Parameter.TOP_P, 0.9);

        String alone = text(state(values));
        GenerationState other = state(values, 0, 5, 6, 7);
        GenerationState same = state(values);
        for (int step = 0; step < 40; step++) {
            other.accept(logits(step + 1));
            same.accept(logits(step));
        }

        assertThat(same.text()).isEqualTo(alone);
    }

    @Test
    void otherSeedPromptOrNumber_givesOtherTexts() {
        GenerationValues values = sampling(40).with(Parameter.SEED, 3L);
        String text = text(state(values));

        assertThat(text(state(values.with(Parameter.SEED, 4L)))).isNotEqualTo(text);
        assertThat(text(state(values, 1, PROMPT))).isNotEqualTo(text);
        assertThat(text(state(values, 0, 1, 3))).isNotEqualTo(text);
    }

    private static String text(GenerationState state) {
        for (int step = 0; !state.isFinished(); step++) {
            state.accept(logits(step));
        }
        return state.text();
    }

    private static float[] logits(int step) {
        SplittableRandom random = new SplittableRandom(step);
        float[] logits = new float[20];
        IntStream.range(0, 20).forEach(id -> logits[id] = (float) random.nextGaussian());
        return logits;
    }

    @Test
    void badLogits_areRefused_andNothingChanges() {
        GenerationState state = state(sampling(40).with(Parameter.SEED, 3L));
        GenerationState twin = state(sampling(40).with(Parameter.SEED, 3L));
        state.accept(logits(0));
        twin.accept(logits(0));

        assertThatThrownBy(() -> state.accept(new float[] {0, 1, Float.NaN, Float.POSITIVE_INFINITY}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "logits of new token 1: 2 of 4 are NaN or Infinity, the first that of id 2 (NaN); expected numbers."
                                + " Weights or an adapter have such values, or numbers overflow on the way: check the files, or compute"
                                + " in a wider type.");
        assertThatThrownBy(() -> state.accept(new float[] {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "logits of new token 1: all 2 are -Infinity; expected a number for one token at least. Check the"
                                + " mask and the weights of the head.");
        assertThatThrownBy(() -> state.accept(new float[0]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("logits of new token 1: there are none; expected");
        assertThatThrownBy(() -> state.accept(new float[2]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("there are 2, but the prompt has the id ");

        for (int step = 1; step < 20; step++) {
            assertThat(state.accept(logits(step))).isEqualTo(twin.accept(logits(step)));
        }
        assertThat(state.newIds()).isEqualTo(twin.newIds());
        assertThat(state.text()).isEqualTo(twin.text());
    }

    @Test
    void processorsThatLeaveNothing_areRefused_andNothingChanges() {
        GenerationState state = state(greedy(9).with(Parameter.NO_REPEAT_NGRAM_SIZE, 1));
        state.accept(new float[] {0, 0, 0});

        assertThatThrownBy(() -> state.accept(new float[] {0, 0, 0}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("no token is left that may come next: each of 3 is taken out");
        assertThat(state.newIds()).containsExactly(0);
    }

    @Test
    void promptWithoutRoom_isRefused() {
        assertThatThrownBy(() -> new GenerationState(
                        GenerationValues.NONE.with(Parameter.MAX_LENGTH, 3),
                        new int[] {1, -2, 3},
                        0,
                        3,
                        TextPieces.none(),
                        candidates))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "prompt: 3 problems: it has 3 tokens, expected fewer than the context of 3; it has 3 tokens, expected"
                                + " fewer than maxLength = 3; set maxNewTokens in its place; it has negative ids, expected 0 or more");
        assertThatThrownBy(() -> state(greedy(1), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("prompt: it is empty, expected a token or more");
    }

    @Test
    void promptOfTheCaller_isCopied() {
        int[] prompt = {1, 2};
        GenerationState state = state(greedy(1), 0, prompt);

        prompt[0] = 9;
        state.promptIds()[0] = 9;

        assertThat(state.promptIds()).containsExactly(1, 2);
    }
}
