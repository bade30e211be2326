/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.Problems;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.weights.ModelWeights;

/**
 * What a task is to give, as numbers of a linear head over the encoder, and back. It is a value.
 *
 * @param <I> an input
 * @param <E> an example
 * @param <P> a prediction
 * @apiNote Status: stable
 */
public interface Targets<I, E, P> {

    /**
     * What the numbers of the head mean, and so by which loss it learns: cross-entropy for one class and for tags, binary cross-entropy
     * of each output for several classes, squared errors for numbers.
     *
     * @return the kind; not {@link TaskExporter.Head#NONE}
     */
    TaskExporter.Head head();

    /**
     * Labels of an example that are none of {@link #names}.
     *
     * @param example the example
     * @return the labels, none if all are known
     */
    default List<String> unknown(E example) {
        return List.of();
    }

    /**
     * What one of the names is, for messages.
     *
     * @return such as {@code label}
     */
    default String what() {
        return "label";
    }

    /**
     * What the outputs of the head are called.
     *
     * @return a name for each, in their order; one or more
     */
    List<String> names();

    /**
     * What {@link #score} is called.
     *
     * @return such as {@code accuracy}
     */
    String metric();

    /**
     * Whether a higher score is better.
     *
     * @return false for errors
     */
    default boolean higherIsBetter() {
        return true;
    }

    /**
     * How good numbers of the head are: the best epoch, and the cost of the head, are chosen by it.
     *
     * @param targets what {@link #encode} gave for each example
     * @param logits what came out, in the same layout
     * @return the score
     */
    double score(List<float[]> targets, float[][] logits);

    /**
     * Adds what of an example cannot be a target.
     *
     * @param example the example
     * @param where the example in messages, such as {@code train[3]}
     * @param problems where to
     */
    void check(E example, String where, Problems problems);

    /**
     * Numbers of the head for one example in words, for people who watch a training. Unless a class says otherwise it is the name of the
     * highest number, of several classes the names of those above 0, of tags those of the words that have one.
     *
     * @param target what {@link #encode} gave
     * @param numbers what is to be said: the target itself for what is right, or the numbers that came out
     * @return such as a label
     */
    default String inWords(float[] target, float[] numbers) {
        return NumbersInWords.of(this, target, numbers);
    }

    /**
     * The target of an example that was checked.
     *
     * @param example the example
     * @param tokens its tokens
     * @return a number for each output; with {@link TaskExporter.Head#TAGS} for each output of each token in a row, zeros for a token
     *     that has no tag
     */
    float[] encode(E example, TokenizedText tokens);

    /**
     * What numbers of the head mean.
     *
     * @param input the input
     * @param tokens its tokens
     * @param logits the numbers, in the layout of {@link #encode}, before any softmax or sigmoid
     * @return the prediction
     */
    P decode(I input, TokenizedText tokens, float[] logits);

    /**
     * What a file has to say so that {@link TaskSpec#targets(java.nio.file.Path, Map)} makes these targets again.
     *
     * @return values of JSON by names that are not {@code task}, {@code encoder} or {@code tuning}
     */
    Map<String, Object> description();

    /**
     * What makes scores of the numbers of the head, where that is not what {@link #head} says, so that an exported directory has to
     * say it.
     *
     * @return the function; empty for a softmax, a sigmoid or, of numbers, nothing, as the head asks
     */
    default Optional<Pooling.Function> activation() {
        return Optional.empty();
    }

    /**
     * The weights as somebody needs them who takes the head's numbers as they are.
     *
     * @param weights all weights
     * @return them, or others
     */
    default ModelWeights forOthers(ModelWeights weights) {
        return weights;
    }

    /**
     * What there is to say of the examples to learn from.
     *
     * @return sentences for the report and the log
     */
    default List<String> notes() {
        return List.of();
    }
}
