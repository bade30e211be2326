/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.lora4j.error.Arguments;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.language.sampling.GenerationConfigFile;
import org.lora4j.internal.language.sampling.GenerationValues;
import org.lora4j.internal.language.sampling.Parameter;

/**
 * How a text is made: how long it gets, what ends it, and how each token is chosen. Names and meaning are those of transformers.
 * Immutable.
 *
 * <p>Logits of a token go through what is set here in this order: logit bias, repetition penalty, frequency penalty, presence
 * penalty, n-grams, least length; and where tokens are drawn, temperature, top-k, top-p, min-p, typical-p, epsilon, eta. Each works on what the ones before it left. What only matters
 * where tokens are drawn has no effect with {@code doSample(false)}.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class GenerationConfig {

    private final GenerationValues values;

    private GenerationConfig(GenerationValues values) {
        this.values = values;
    }

    /**
     * Takes the best token each time.
     *
     * @param maxNewTokens maximum number of tokens of a text, 1 or more
     * @return a config
     * @throws IllegalArgumentException if the number is below 1
     */
    public static GenerationConfig greedy(int maxNewTokens) {
        return builder().doSample(false).maxNewTokens(maxNewTokens).build();
    }

    /**
     * Draws each token.
     *
     * @param maxNewTokens maximum number of tokens of a text, 1 or more
     * @param temperature as of {@link Builder#temperature}
     * @param topP as of {@link Builder#topP}
     * @param seed where random numbers start
     * @return a config
     * @throws IllegalArgumentException if a value is out of range
     */
    public static GenerationConfig sampling(int maxNewTokens, double temperature, double topP, long seed) {
        return builder()
                .doSample(true)
                .maxNewTokens(maxNewTokens)
                .temperature(temperature)
                .topP(topP)
                .seed(seed)
                .build();
    }

    /**
     * Reads the {@code generation_config.json} of a model: what transformers would do with it. A file without {@code top_k} has
     * 50, one without a length 20 new tokens, and where tokens are not drawn, temperature and filters have no effect.
     *
     * @param path the file, or the directory in which it is
     * @return a config
     * @throws ModelFormatException if a value has another type or is out of range, or a field would change the text and is not
     *     supported, such as {@code num_beams} above 1, or is not known; the message lists all
     * @throws IOException if there is no such file, or it cannot be read
     */
    public static GenerationConfig read(Path path) throws IOException {
        Arguments.required(path, "GenerationConfig.read: path", "a generation_config.json, or its directory");
        return new GenerationConfig(GenerationConfigFile.read(path).values());
    }

    /**
     * Starts a config: the best token each time, 20 tokens.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder(GenerationValues.NONE);
    }

    /**
     * Starts a config with the values of this one.
     *
     * @return a builder
     */
    public Builder toBuilder() {
        return new Builder(values);
    }

    /** What the generation itself reads. */
    GenerationValues values() {
        return values;
    }

    /**
     * How many tokens may come after a prompt.
     *
     * @param promptTokens the tokens of the prompt
     * @return the most; 0 or below if the prompt is as long as {@link #maxLength}
     */
    public int newTokens(int promptTokens) {
        return values.newTokens(promptTokens);
    }

    /**
     * Whether tokens are drawn.
     *
     * @return false if the best one is taken each time
     */
    public boolean doSample() {
        return values.isSampling();
    }

    /**
     * What logits are divided by.
     *
     * @return 1 if they stay
     */
    public double temperature() {
        return values.get(Parameter.TEMPERATURE);
    }

    /**
     * How many of the best tokens are drawn from.
     *
     * @return 0 if there is no bound
     */
    public int topK() {
        return values.get(Parameter.TOP_K);
    }

    /**
     * The sum that the probabilities of the kept tokens reach.
     *
     * @return 1 if all are kept
     */
    public double topP() {
        return values.get(Parameter.TOP_P);
    }

    /**
     * The share of the best probability that others must have.
     *
     * @return 0 if all are kept
     */
    public double minP() {
        return values.get(Parameter.MIN_P);
    }

    /**
     * The sum that the probabilities of the most typical tokens reach.
     *
     * @return 1 if all are kept
     */
    public double typicalP() {
        return values.get(Parameter.TYPICAL_P);
    }

    /**
     * The least probability.
     *
     * @return 0 if all are kept
     */
    public double epsilonCutoff() {
        return values.get(Parameter.EPSILON_CUTOFF);
    }

    /**
     * The epsilon of the least probability.
     *
     * @return 0 if all are kept
     */
    public double etaCutoff() {
        return values.get(Parameter.ETA_CUTOFF);
    }

    /**
     * What makes tokens that were there less likely.
     *
     * @return 1 if nothing does
     */
    public double repetitionPenalty() {
        return values.get(Parameter.REPETITION_PENALTY);
    }

    /**
     * What makes tokens that came after the prompt less likely each time.
     *
     * @return 0 if nothing does
     */
    public double frequencyPenalty() {
        return values.get(Parameter.FREQUENCY_PENALTY);
    }

    /**
     * What makes tokens that came after the prompt less likely.
     *
     * @return 0 if nothing does
     */
    public double presencePenalty() {
        return values.get(Parameter.PRESENCE_PENALTY);
    }

    /**
     * What is added to logits.
     *
     * @return by id of the token, none by default
     */
    public Map<Integer, Double> logitBias() {
        return values.get(Parameter.LOGIT_BIAS);
    }

    /**
     * The length of runs of tokens that do not come twice.
     *
     * @return 0 if all may
     */
    public int noRepeatNgramSize() {
        return values.get(Parameter.NO_REPEAT_NGRAM_SIZE);
    }

    /**
     * The most tokens of a text.
     *
     * @return empty if {@link #maxLength} is given in its place, or nothing is, which means 20
     */
    public OptionalInt maxNewTokens() {
        return optional(Parameter.MAX_NEW_TOKENS);
    }

    /**
     * The most tokens of a text with its prompt.
     *
     * @return empty if it was not given
     */
    public OptionalInt maxLength() {
        return optional(Parameter.MAX_LENGTH);
    }

    /**
     * How many tokens come before one that ends the text may.
     *
     * @return 0 or more
     */
    public int minNewTokens() {
        return values.get(Parameter.MIN_NEW_TOKENS);
    }

    /**
     * Where random numbers start.
     *
     * @return the seed; empty if none was set, and then every call draws another one, which {@link Generation#seed} says
     */
    public OptionalLong seed() {
        Long seed = values.get(Parameter.SEED);
        return seed == null ? OptionalLong.empty() : OptionalLong.of(seed);
    }

    /**
     * How many texts each prompt gets.
     *
     * @return 1 or more
     */
    public int numReturnSequences() {
        return values.get(Parameter.NUM_RETURN_SEQUENCES);
    }

    /**
     * Whether the probabilities of the new tokens are wanted.
     *
     * @return true if they are, as with {@link #topLogProbabilities}
     */
    public boolean logProbabilities() {
        return values.get(Parameter.LOG_PROBABILITIES) || topLogProbabilities() > 0;
    }

    /**
     * How many of the most probable tokens are wanted at the place of each new one.
     *
     * @return 0 if none are
     */
    public int topLogProbabilities() {
        return values.get(Parameter.TOP_LOG_PROBABILITIES);
    }

    /**
     * Whether a prompt that leaves no room for the new tokens loses its oldest tokens.
     *
     * @return true if it does; otherwise it is refused, or its text ends where the context is full
     */
    public boolean dropOldest() {
        return values.get(Parameter.DROP_OLDEST);
    }

    /**
     * The tokens that end a text.
     *
     * @return ids; empty if those of the model do
     */
    public Optional<List<Integer>> eosTokenIds() {
        return Optional.ofNullable(values.get(Parameter.EOS_TOKEN_IDS));
    }

    /**
     * The texts that end a text, which is cut before them.
     *
     * @return texts, none by default
     */
    public List<String> stopStrings() {
        return values.get(Parameter.STOP_STRINGS);
    }

    private OptionalInt optional(Parameter<Integer> parameter) {
        Integer value = values.get(parameter);
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GenerationConfig that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    /**
     * What it does, in one line.
     *
     * @return {@code greedy: maxNewTokens=40}; what has its default is left out
     */
    @Override
    public String toString() {
        return values.toString();
    }

    /**
     * Gathers the values of a config; {@link #build} checks them.
     *
     * @apiNote Status: stable
     */
    public static final class Builder {

        private GenerationValues values;

        private Builder(GenerationValues values) {
            this.values = values;
        }

        private <T> Builder set(Parameter<T> parameter, T value) {
            values = values.with(parameter, value);
            return this;
        }

        /**
         * Sets whether tokens are drawn, by their probabilities. If not, which is the default, the best one is taken each time.
         *
         * @param value true to draw
         * @return this
         */
        public Builder doSample(boolean value) {
            return set(Parameter.DO_SAMPLE, value);
        }

        /**
         * Sets what logits are divided by, 1 by default: below 1 likely tokens come more often, above 1 less often.
         *
         * @param value from 1e-30 to 1e30
         * @return this
         */
        public Builder temperature(double value) {
            return set(Parameter.TEMPERATURE, value);
        }

        /**
         * Sets how many of the best tokens are drawn from; those that equal the last of them stay, too. No bound by default, where
         * transformers has 50.
         *
         * @param count 0 for no bound
         * @return this
         */
        public Builder topK(int count) {
            return set(Parameter.TOP_K, count);
        }

        /**
         * Keeps the fewest of the best tokens whose probabilities reach a sum, 1 by default. Of equal ones, the first.
         *
         * @param mass [0, 1]; 1 keeps all, 0 the best
         * @return this
         */
        public Builder topP(double mass) {
            return set(Parameter.TOP_P, mass);
        }

        /**
         * Keeps the tokens that have at least a share of the probability of the best one, 0 by default.
         *
         * @param share [0, 1]; 0 keeps all
         * @return this
         */
        public Builder minP(double share) {
            return set(Parameter.MIN_P, share);
        }

        /**
         * Keeps the fewest tokens whose probabilities reach a sum, those first whose surprise is closest to the entropy; 1 at
         * first. Source: Meister et al., 2022, Locally Typical Sampling, arXiv 2202.00666.
         *
         * @param mass (0, 1]; 1 keeps all
         * @return this
         */
        public Builder typicalP(double mass) {
            return set(Parameter.TYPICAL_P, mass);
        }

        /**
         * Keeps the tokens of at least a probability, and the best one; 0 by default. Source: Hewitt et al., 2022, Truncation
         * Sampling as Language Model Desmoothing, arXiv 2210.15191.
         *
         * @param least [0, 1); 0 keeps all
         * @return this
         */
        public Builder epsilonCutoff(double least) {
            return set(Parameter.EPSILON_CUTOFF, least);
        }

        /**
         * Keeps the tokens of at least the probability {@code min(epsilon, sqrt(epsilon) exp(-entropy))}, and the best one; 0 at
         * first. Source: as of {@link #epsilonCutoff}.
         *
         * @param epsilon [0, 1); 0 keeps all
         * @return this
         */
        public Builder etaCutoff(double epsilon) {
            return set(Parameter.ETA_CUTOFF, epsilon);
        }

        /**
         * Sets what positive logits of tokens in prompt and text are divided by, and negative ones multiplied; 1 by default. Source:
         * Keskar et al., 2019, CTRL, arXiv 1909.05858.
         *
         * @param factor from 1e-30 to 1e30; above 1 tokens come less often again
         * @return this
         */
        public Builder repetitionPenalty(double factor) {
            return set(Parameter.REPETITION_PENALTY, factor);
        }

        /**
         * Sets what is taken from the logit of a token for each time that it came after the prompt; 0 by default. Source: OpenAI's
         * interface.
         *
         * @param penalty [-2, 2]; above 0 tokens come less often again
         * @return this
         */
        public Builder frequencyPenalty(double penalty) {
            return set(Parameter.FREQUENCY_PENALTY, penalty);
        }

        /**
         * Sets what is taken from the logit of a token that came after the prompt, however often; 0 by default. Source: as of
         * {@link #frequencyPenalty}.
         *
         * @param penalty [-2, 2]; above 0 tokens come less often again
         * @return this
         */
        public Builder presencePenalty(double penalty) {
            return set(Parameter.PRESENCE_PENALTY, penalty);
        }

        /**
         * Sets what is added to the logits of tokens, in the place of what was set before. With -100 a token is as good as taken
         * out, with 100 it is as good as the only one. Ids beyond the vocabulary have no effect. Source: as of {@link
         * #frequencyPenalty}.
         *
         * @param biases by id of the token, [-100, 100] each
         * @return this
         */
        public Builder logitBias(Map<Integer, Double> biases) {
            Arguments.allRequired(biases, "GenerationConfig: logitBias: biases", "a number for the id of a token");
            return set(Parameter.LOGIT_BIAS, Collections.unmodifiableMap(new TreeMap<>(biases)));
        }

        /**
         * Lets no run of so many tokens come twice, those of the prompt included; 0 by default.
         *
         * @param length 0 to allow all
         * @return this
         */
        public Builder noRepeatNgramSize(int length) {
            return set(Parameter.NO_REPEAT_NGRAM_SIZE, length);
        }

        /**
         * Sets the maximum number of tokens of a text. Without it and {@link #maxLength} there are 20, as in transformers.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder maxNewTokens(int count) {
            return set(Parameter.MAX_NEW_TOKENS, count);
        }

        /**
         * Sets the maximum number of tokens of a text with its prompt; {@link #maxNewTokens} goes before it.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder maxLength(int count) {
            return set(Parameter.MAX_LENGTH, count);
        }

        /**
         * Sets how many tokens come before one that ends the text may; stop strings end it at any length.
         *
         * @param count 0 or more
         * @return this
         */
        public Builder minNewTokens(int count) {
            return set(Parameter.MIN_NEW_TOKENS, count);
        }

        /**
         * Sets where random numbers start. Equal seed, prompt and config give equal texts on one machine, whatever else is in the
         * batch; equal prompts in one batch give equal texts, so see {@link #numReturnSequences}. Without a seed every call draws one,
         * so that texts differ from call to call; {@link Generation#seed} says which it was.
         *
         * @param value any number
         * @return this
         */
        public Builder seed(long value) {
            return set(Parameter.SEED, value);
        }

        /**
         * Sets how many texts each prompt gets, 1 by default; each draws for itself.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder numReturnSequences(int count) {
            return set(Parameter.NUM_RETURN_SEQUENCES, count);
        }

        /**
         * Sets whether the probabilities of the new tokens are wanted, see {@link Generation#logProbabilities}.
         *
         * @param wanted true to compute them, which costs an exponential for each entry of the vocabulary
         * @return this
         */
        public Builder logProbabilities(boolean wanted) {
            return set(Parameter.LOG_PROBABILITIES, wanted);
        }

        /**
         * Sets how many of the most probable tokens are wanted at the place of each new one, see {@link
         * Generation#topLogProbabilities}; with one or more, {@link #logProbabilities} are wanted, too.
         *
         * @param count 0 for none
         * @return this
         */
        public Builder topLogProbabilities(int count) {
            return set(Parameter.TOP_LOG_PROBABILITIES, count);
        }

        /**
         * Sets what becomes of a prompt that leaves no room for the new tokens.
         *
         * @param drop true to leave out as many of its oldest tokens as are needed
         * @return this
         */
        public Builder dropOldest(boolean drop) {
            return set(Parameter.DROP_OLDEST, drop);
        }

        /**
         * Sets the tokens that end a text, in the place of those of the model.
         *
         * @param ids tokens; none to end a text at its length or a stop string only
         * @return this
         */
        public Builder eosTokenIds(int... ids) {
            Arguments.required(ids, "GenerationConfig: eosTokenIds: ids", "ids of tokens");
            return set(Parameter.EOS_TOKEN_IDS, Arrays.stream(ids).boxed().toList());
        }

        /**
         * Sets texts that end a text, in the place of those set before. It is cut before the first of them, of several that are
         * complete at one place before the longest. They are looked for in the new text, not across the end of the prompt.
         *
         * @param texts each of a character or more
         * @return this
         */
        public Builder stopStrings(String... texts) {
            Arguments.required(texts, "GenerationConfig: stopStrings: texts", "texts");
            return set(Parameter.STOP_STRINGS, Collections.unmodifiableList(new ArrayList<>(Arrays.asList(texts))));
        }

        /**
         * Makes the config.
         *
         * @return a config
         * @throws IllegalArgumentException if values are out of range or contradict each other, or what matters only where
         *     tokens are drawn is set and {@link #doSample} was not called; the message lists all
         */
        public GenerationConfig build() {
            values.problems().throwIfAny("GenerationConfig");
            return new GenerationConfig(values.withDefault(Parameter.DO_SAMPLE, false));
        }
    }
}
