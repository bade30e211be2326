/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.lora4j.error.Problems;

/**
 * The values of all {@linkplain Parameter parameters} of a generation. Immutable.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class GenerationValues {

    /** Without anything said. */
    public static final GenerationValues NONE = new GenerationValues(Map.of());

    /** The new tokens of a text if no length is given, as in transformers. */
    public static final int NEW_TOKENS = 20;

    private final Map<Parameter<?>, Object> values;

    private GenerationValues(Map<Parameter<?>, Object> values) {
        this.values = values;
    }

    /**
     * A value.
     *
     * @return what was said, or its initial value, which is null for a few
     */
    @SuppressWarnings("unchecked") // As with() puts it.
    public <T> T get(Parameter<T> parameter) {
        return (T) values.getOrDefault(parameter, parameter.initial());
    }

    /**
     * The same with another value.
     *
     * @param value its value, or null for the initial one
     * @return new values
     */
    public <T> GenerationValues with(Parameter<T> parameter, T value) {
        Map<Parameter<?>, Object> changed = new HashMap<>(values);
        changed.remove(parameter);
        if (!Objects.equals(value, parameter.initial()) && value != null) {
            changed.put(parameter, value);
        }
        return new GenerationValues(changed);
    }

    /**
     * The same, with a value where none was given and there is no initial one.
     *
     * @return these values, or new ones
     */
    public <T> GenerationValues withDefault(Parameter<T> parameter, T value) {
        return get(parameter) == null ? with(parameter, value) : this;
    }

    /**
     * Whether tokens are drawn.
     *
     * @return true only if that was said
     */
    public boolean isSampling() {
        return Boolean.TRUE.equals(get(Parameter.DO_SAMPLE));
    }

    /**
     * How many tokens may come after a prompt.
     *
     * @return the most; below 1 if the prompt is as long as the whole may be
     */
    public int newTokens(int prompt) {
        Integer most = get(Parameter.MAX_NEW_TOKENS);
        Integer length = get(Parameter.MAX_LENGTH);
        if (most != null) {
            return most;
        }
        return length == null ? NEW_TOKENS : length - prompt;
    }

    /**
     * What is wrong.
     *
     * @return every value out of its range, and values that contradict each other
     */
    public Problems problems() {
        Problems problems = new Problems();
        Parameter.ALL.forEach(parameter -> check(parameter, problems));
        String ignored = Parameter.ALL.stream()
                .filter(parameter -> parameter.isOfSampling() && values.containsKey(parameter))
                .map(this::shown)
                .collect(Collectors.joining(", "));
        problems.check(
                ignored.isEmpty() || values.containsKey(Parameter.DO_SAMPLE),
                ignored + " without doSample: the best token would be taken each time, expected doSample(true), or"
                        + " doSample(false) if that is meant");
        int texts = get(Parameter.NUM_RETURN_SEQUENCES);
        problems.check(
                texts <= 1 || isSampling(),
                "numReturnSequences = " + texts
                        + " with doSample = false: all would be equal, expected 1 or doSample(true)");
        int least = get(Parameter.MIN_NEW_TOKENS);
        int most = newTokens(0);
        problems.check(
                least <= Math.max(0, most),
                "minNewTokens = " + least + ", expected at most " + most + ", the new tokens that may be");
        return problems;
    }

    private <T> void check(Parameter<T> parameter, Problems problems) {
        parameter.check(get(parameter), problems);
    }

    private String shown(Parameter<?> parameter) {
        return parameter.name() + "=" + Parameter.shown(get(parameter));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GenerationValues that && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    /** In one line what has an effect, those that change logits in the order in which they do. */
    @Override
    public String toString() {
        String changed = Parameter.ALL.stream()
                .filter(parameter -> parameter != Parameter.DO_SAMPLE && values.containsKey(parameter))
                .filter(parameter -> isSampling() || !parameter.isOfSampling())
                .map(this::shown)
                .collect(Collectors.joining(", "));
        return (isSampling() ? "sampling" : "greedy") + (changed.isEmpty() ? "" : ": " + changed);
    }
}
