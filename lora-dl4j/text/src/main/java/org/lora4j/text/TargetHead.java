/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.List;
import java.util.function.IntFunction;
import org.lora4j.internal.text.EncodedText;
import org.lora4j.internal.text.HeadKind;
import org.lora4j.internal.text.HeadTask;

/**
 * Targets as those see them who train and store heads.
 *
 * @param inputs the examples of the validation part as people read them, by their numbers
 */
record TargetHead(String task, Targets<?, ?, ?> targets, IntFunction<String> inputs) implements HeadTask {

    /** Without a validation part that is shown. */
    TargetHead(String task, Targets<?, ?, ?> targets) {
        this(task, targets, example -> "");
    }

    @Override
    public HeadKind kind() {
        return switch (targets.head()) {
            case ONE_CLASS -> HeadKind.ONE_CLASS;
            case SEVERAL_CLASSES -> HeadKind.ANY_CLASSES;
            case TAGS -> HeadKind.CLASS_OF_EACH_TOKEN;
            case NUMBER -> HeadKind.NUMBERS;
            case NONE ->
                throw new IllegalStateException(task + ": its targets have no head; expected another than NONE.");
        };
    }

    @Override
    public int outputs() {
        return targets.names().size();
    }

    @Override
    public String metric() {
        return targets.metric();
    }

    @Override
    public boolean higherIsBetter() {
        return targets.higherIsBetter();
    }

    @Override
    public String input(int example) {
        return inputs.apply(example);
    }

    @Override
    public String inWords(float[] target, float[] numbers) {
        return targets.inWords(target, numbers);
    }

    @Override
    public double score(List<EncodedText> examples, float[][] logits) {
        return targets.score(examples.stream().map(EncodedText::target).toList(), logits);
    }
}
