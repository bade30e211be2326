/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.List;
import java.util.Map;
import org.lora4j.error.Problems;
import org.lora4j.internal.text.HeadTask;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.weights.ModelWeights;

/**
 * What a task is to give, as numbers, and back.
 *
 * @param <I> an input
 * @param <E> an example
 * @param <P> a prediction
 */
interface Targets<I, E, P> extends HeadTask {

    /** What of an example cannot be a target. */
    void check(E example, String where, Problems problems);

    /** Labels of an example that are none of {@link #names}. */
    default List<String> unknown(E example) {
        return List.of();
    }

    /** What one of the names is. */
    default String what() {
        return "label";
    }

    /** The target of an example that was checked. */
    float[] encode(E example, TokenizedText tokens);

    /** What the numbers of the head mean. */
    P decode(I input, TokenizedText tokens, float[] logits);

    /** For the file. */
    Map<String, Object> description();

    /** What the outputs of the head are called, in their order. */
    List<String> names();

    /** The weights as somebody needs them who takes the head's numbers as they are. */
    default ModelWeights forOthers(ModelWeights weights) {
        return weights;
    }

    /** What there is to say of the examples to learn from. */
    default List<String> notes() {
        return List.of();
    }
}
