/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;

/**
 * What a {@link SentenceEncoder} learns from: texts that belong together, texts with a similarity, or a text with the vector
 * that it should have.
 *
 * <p><b>State.</b> Immutable.
 *
 * @apiNote Status: stable
 */
public final class SentenceExample {

    private final String anchor;
    private final Optional<String> positive;
    private final List<String> negatives;
    private final OptionalDouble similarity;
    private final float[] vector;
    private final Optional<String> group;

    private SentenceExample(
            String anchor,
            Optional<String> positive,
            List<String> negatives,
            OptionalDouble similarity,
            float[] vector,
            Optional<String> group) {
        this.anchor = Objects.requireNonNull(anchor, "SentenceExample: a text is null; expected a text");
        this.positive = positive;
        this.negatives = List.copyOf(negatives);
        this.similarity = similarity;
        this.vector = vector;
        this.group = group;
    }

    /**
     * Two texts that belong together: a question and its passage, or two ways to say one thing.
     *
     * @param anchor the text that is searched by
     * @param positive the text to be found
     * @return the example
     */
    public static SentenceExample pair(String anchor, String positive) {
        Objects.requireNonNull(positive, "SentenceExample: positive is null; expected a text");
        return new SentenceExample(
                anchor, Optional.of(positive), List.of(), OptionalDouble.empty(), null, Optional.empty());
    }

    /**
     * Two texts and how near they are.
     *
     * @param first the one
     * @param second the other
     * @param similarity their cosine, -1 to 1
     * @return the example
     * @throws IllegalArgumentException if the similarity is out of its range
     */
    public static SentenceExample similar(String first, String second, double similarity) {
        if (!(similarity >= -1 && similarity <= 1)) {
            throw new IllegalArgumentException("SentenceExample: similarity = " + similarity
                    + "; expected -1 to 1. Divide grades by the highest one.");
        }
        SentenceExample pair = pair(first, second);
        return new SentenceExample(
                first, pair.positive, List.of(), OptionalDouble.of(similarity), null, Optional.empty());
    }

    /**
     * A text and the vector that it should have, from another encoder.
     *
     * @param text the text
     * @param vector as long as those of the encoder that learns; copied
     * @return the example
     * @throws IllegalArgumentException if the vector is empty or has elements that are not finite
     */
    public static SentenceExample vector(String text, float[] vector) {
        Arguments.required(vector, "SentenceExample.vector: vector", "a vector");
        Problems problems = new Problems();
        problems.check(vector.length > 0, "the vector is empty, expected one of the length of the encoder's");
        for (float value : vector) {
            problems.check(
                    problems.isFull() || Float.isFinite(value),
                    "the vector holds " + value + ", expected finite numbers");
        }
        problems.throwIfAny("SentenceExample");
        return new SentenceExample(
                text,
                Optional.empty(),
                List.of(),
                OptionalDouble.empty(),
                Arrays.copyOf(vector, vector.length),
                Optional.empty());
    }

    /**
     * The same with texts that do not belong to the anchor, however near they look.
     *
     * @param texts the negatives, in the place of those that it has
     * @return the example
     * @throws IllegalArgumentException if this is no pair of texts that belong together
     */
    public SentenceExample withNegatives(List<String> texts) {
        requirePair("withNegatives");
        return new SentenceExample(anchor, positive, texts, similarity, vector, group);
    }

    /**
     * The same as one of a group: texts of equal groups are never taken for negatives of each other.
     *
     * @param name the group, such as the intent of both texts
     * @return the example
     * @throws IllegalArgumentException if this is no pair of texts that belong together
     */
    public SentenceExample withGroup(String name) {
        requirePair("withGroup");
        return new SentenceExample(anchor, positive, negatives, similarity, vector, Optional.of(name));
    }

    private void requirePair(String call) {
        if (positive.isEmpty() || similarity.isPresent()) {
            throw new IllegalArgumentException("SentenceExample." + call
                    + ": this is not made by pair(anchor, positive); expected two texts that belong together.");
        }
    }

    /**
     * The text that is searched by, or the only one.
     *
     * @return the text
     */
    public String anchor() {
        return anchor;
    }

    /**
     * The text that belongs to it.
     *
     * @return the text; empty if there is a vector in its place
     */
    public Optional<String> positive() {
        return positive;
    }

    /**
     * Texts that do not belong to it.
     *
     * @return the texts
     */
    public List<String> negatives() {
        return negatives;
    }

    /**
     * How near both texts are.
     *
     * @return a cosine; empty if that is not what the example says
     */
    public OptionalDouble similarity() {
        return similarity;
    }

    /**
     * The vector that the text should have.
     *
     * @return a copy; empty if that is not what the example says
     */
    public Optional<float[]> vector() {
        return Optional.ofNullable(vector).map(float[]::clone);
    }

    /**
     * The group.
     *
     * @return its name, if there is one
     */
    public Optional<String> group() {
        return group;
    }

    /** All texts. */
    List<String> texts() {
        List<String> texts = new ArrayList<>(List.of(anchor));
        positive.ifPresent(texts::add);
        texts.addAll(negatives);
        return texts;
    }

    @Override
    public String toString() {
        return "SentenceExample[" + texts().size() + " texts" + (vector == null ? "" : ", a vector")
                + (similarity.isPresent() ? ", similarity " + similarity.getAsDouble() : "") + "]";
    }
}
