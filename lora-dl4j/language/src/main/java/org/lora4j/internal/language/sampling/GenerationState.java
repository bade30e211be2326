/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import org.lora4j.error.Problems;
import org.lora4j.random.RandomStreams;

/**
 * One sequence that grows: logits go in, the next token comes out, until it ends. It has the tokens so far, the random stream,
 * what is held back for stop strings, the text and why it ended; the model around it only computes logits.
 *
 * <p>Its random numbers depend on the seed, the prompt and the number of the text alone, so a sequence is the same in whatever
 * batch it is computed.
 *
 * <p><b>Threads.</b> For one thread at a time. States share nothing, but for the candidates that they are given.
 *
 * @apiNote Status: internal
 */
public final class GenerationState {

    private final LogitsChain chain;
    private final TokenHistory tokens;
    private final SplittableRandom random;
    private final Set<Integer> stopTokens;
    private final StopStrings stopStrings;
    private final TextPieces pieces;
    private final Candidates candidates;
    private final int mostTokens;
    private final EndReason full;
    private final boolean wantsLogProbabilities;
    private final int mostRanked;
    private final StringBuilder text = new StringBuilder();
    private double[] logProbabilities = new double[0];
    private final List<List<RankedToken>> ranked = new ArrayList<>();
    private String piece = "";
    private EndReason end;
    private final OptionalLong seed;

    /**
     * Starts a sequence.
     *
     * @param values what the generation was told, without problems; tokens that end a text are those it names, so those of the
     *     model are put in before, and so is a seed where tokens are drawn
     * @param promptIds the prompt, one token or more
     * @param number which of the texts of this prompt, 0 for the first
     * @param context maximum number of tokens that the model can have, prompt included
     * @param pieces makes text of the tokens; for this sequence alone
     * @param candidates room to compute in; states that are used by one thread may share it
     * @throws IllegalArgumentException if the prompt leaves no room for a token, or an id is negative
     */
    public GenerationState(
            GenerationValues values,
            int[] promptIds,
            int number,
            int context,
            TextPieces pieces,
            Candidates candidates) {
        int newTokens = check(values, promptIds, context);
        this.chain = LogitsChain.of(values);
        this.tokens = new TokenHistory(promptIds);
        // The prompt is in the name, or different prompts of a batch would be given the same luck.
        this.seed = values.isSampling() ? OptionalLong.of(values.get(Parameter.SEED)) : OptionalLong.empty();
        this.random = values.isSampling()
                ? RandomStreams.of(seed.getAsLong(), "text " + number + " after " + Arrays.hashCode(promptIds))
                : null;
        this.stopTokens = Set.copyOf(
                Optional.ofNullable(values.get(Parameter.EOS_TOKEN_IDS)).orElse(List.of()));
        this.stopStrings = new StopStrings(values.get(Parameter.STOP_STRINGS));
        this.pieces = pieces;
        this.candidates = candidates;
        int room = context - promptIds.length;
        this.mostTokens = Math.min(newTokens, room);
        this.full = newTokens <= room ? EndReason.LENGTH : EndReason.CONTEXT_FULL;
        this.mostRanked = values.get(Parameter.TOP_LOG_PROBABILITIES);
        this.wantsLogProbabilities = mostRanked > 0 || values.get(Parameter.LOG_PROBABILITIES);
    }

    private static int check(GenerationValues values, int[] promptIds, int context) {
        Problems problems = new Problems();
        int length = promptIds.length;
        problems.check(length > 0, "it is empty, expected a token or more");
        problems.check(length < context, "it has " + length + " tokens, expected fewer than the context of " + context);
        int newTokens = values.newTokens(length);
        problems.check(
                newTokens > 0,
                "it has " + length + " tokens, expected fewer than maxLength = " + values.get(Parameter.MAX_LENGTH)
                        + "; set maxNewTokens in its place");
        problems.check(Arrays.stream(promptIds).allMatch(id -> id >= 0), "it has negative ids, expected 0 or more");
        problems.throwIfAny("prompt");
        return newTokens;
    }

    /**
     * Chooses the next token.
     *
     * <p><b>State.</b> If logits are refused, nothing has changed.
     *
     * @param logits what the model says of the position after the last token, a number for each token; not changed
     * @return the token: the first of the best ones, or one that was drawn
     * @throws IllegalArgumentException if a logit is NaN or Infinity, all are -Infinity, or there are fewer than ids
     * @throws IllegalStateException if the sequence has ended, or the processors leave no token
     */
    public int accept(float[] logits) {
        if (end != null) {
            throw new IllegalStateException("the text has ended (" + end + ") after " + tokens.newTokens()
                    + " tokens; expected no more logits. Ask isFinished() before.");
        }
        Logits.check(logits, tokens.newTokens());
        int ids = tokens.seen().length();
        if (ids > logits.length) {
            throw new IllegalArgumentException(
                    "logits of new token " + tokens.newTokens() + ": there are " + logits.length
                            + ", but the prompt has the id " + (ids - 1)
                            + "; expected a number for each id. The tokenizer belongs to"
                            + " another model.");
        }
        int id = choose(logits);
        boolean stops = stopTokens.contains(id);
        String added = stops ? "" : pieces.next(id);
        tokens.add(id);
        if (wantsLogProbabilities) {
            addLogProbabilities(logits, id);
        }
        piece = stopStrings.accept(added);
        text.append(piece);
        if (stops) {
            finish(EndReason.STOP_TOKEN);
        } else if (stopStrings.isFound()) {
            end = EndReason.STOP_STRING;
        } else if (tokens.newTokens() == mostTokens) {
            finish(full);
        }
        return id;
    }

    private int choose(float[] logits) {
        if (random == null && chain.isEmpty()) {
            return Logits.best(logits);
        }
        candidates.start(logits);
        chain.apply(candidates, tokens);
        return random == null ? candidates.best() : candidates.draw(random);
    }

    private void addLogProbabilities(float[] logits, int id) {
        double logSum = Logits.logSum(logits);
        if (mostRanked > 0) {
            ranked.add(Arrays.stream(Logits.largest(logits, mostRanked))
                    .mapToObj(one -> new RankedToken(one, logits[one] - logSum))
                    .toList());
        }
        int count = tokens.newTokens();
        if (logProbabilities.length < count) {
            logProbabilities = Arrays.copyOf(logProbabilities, count + (count >> 1) + 1);
        }
        logProbabilities[count - 1] = logits[id] - logSum;
    }

    /** Ends it, and gives out the text that was held back. */
    private void finish(EndReason reason) {
        String rest = stopStrings.accept(pieces.rest());
        end = stopStrings.isFound() ? EndReason.STOP_STRING : reason;
        rest += stopStrings.rest();
        piece += rest;
        text.append(rest);
    }

    /** Ends it before its end, if it has not ended. */
    public void cancel() {
        if (end == null) {
            finish(EndReason.CANCELLED);
        }
    }

    /**
     * Whether it has ended.
     *
     * @return true if no logits are wanted any more
     */
    public boolean isFinished() {
        return end != null;
    }

    /**
     * Why it ended.
     *
     * @return the reason; empty if it has not
     */
    public Optional<EndReason> end() {
        return Optional.ofNullable(end);
    }

    /**
     * The text that came out with the last token.
     *
     * @return what may be shown after it: without what may become a stop string, with what was held back if the sequence
     *     ended
     */
    public String piece() {
        return piece;
    }

    /**
     * The logarithm of the last token's probability, see {@link #logProbabilities}.
     *
     * @return a number, 0 or below; NaN if probabilities are not wanted
     */
    public double logProbability() {
        int count = tokens.newTokens();
        return wantsLogProbabilities && count > 0 ? logProbabilities[count - 1] : Double.NaN;
    }

    /**
     * The most probable tokens at the last place, see {@link #ranked}.
     *
     * @return the best first; none if they are not wanted
     */
    public List<RankedToken> lastRanked() {
        return ranked.isEmpty() ? List.of() : ranked.get(ranked.size() - 1);
    }

    /**
     * The most probable tokens at each place, in the softmax of the logits as the model gave them, before any processor.
     *
     * @return as many as are wanted for each new token, the best first; an empty list if they are not
     */
    public List<List<RankedToken>> ranked() {
        return List.copyOf(ranked);
    }

    /**
     * The prompt.
     *
     * @return its tokens, a copy
     */
    public int[] promptIds() {
        return tokens.promptIds();
    }

    /**
     * What came after it.
     *
     * @return the tokens, a copy; with the one that ended it and those of a stop string
     */
    public int[] newIds() {
        return tokens.newIds();
    }

    /**
     * Where its random numbers began.
     *
     * @return the seed; empty if nothing was drawn
     */
    public OptionalLong seed() {
        return seed;
    }

    /**
     * The text after the prompt.
     *
     * @return what came out so far; without a stop string and what may become one
     */
    public String text() {
        return text.toString();
    }

    /**
     * The logarithms of the tokens' probabilities in the softmax of the logits as the model gave them, before any processor.
     *
     * @return one for each new token, a copy; none if they are not wanted
     */
    public double[] logProbabilities() {
        return Arrays.copyOf(logProbabilities, wantsLogProbabilities ? tokens.newTokens() : 0);
    }
}
