/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.text;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.text.LabeledText;
import org.lora4j.text.ScoredText;
import org.tribuo.Example;
import org.tribuo.Output;
import org.tribuo.classification.Label;
import org.tribuo.multilabel.MultiLabel;
import org.tribuo.regression.Regressor;

/**
 * Examples of Tribuo as those of {@code org.lora4j.text}. Tribuo keeps features, not texts, so the text has to be in the
 * metadata of the examples: a {@code RowProcessor} puts it there with a {@code FieldExtractor} such as {@code
 * IdentityExtractor}.
 *
 * @apiNote Status: experimental
 */
public final class TextExamples {

    private TextExamples() {}

    /**
     * Texts with one label.
     *
     * @param data a data source or data set
     * @param metadata name of the value of the metadata that has the text
     * @return the examples, in their order
     * @throws IllegalArgumentException if an example has no such text; the message lists them
     */
    public static List<LabeledText> labeled(Iterable<Example<Label>> data, String metadata) {
        return examples(data, metadata, (text, label) -> new LabeledText(text, label.getLabel()));
    }

    /**
     * Texts with several labels.
     *
     * @param data a data source or data set
     * @param metadata name of the value of the metadata that has the text
     * @return the examples, in their order
     * @throws IllegalArgumentException if an example has no such text; the message lists them
     */
    public static List<LabeledText> multiLabeled(Iterable<Example<MultiLabel>> data, String metadata) {
        return examples(
                data,
                metadata,
                (text, labels) -> new LabeledText(
                        text, labels.getNameSet().stream().sorted().toList()));
    }

    /**
     * Texts with a number.
     *
     * @param data a data source or data set, with one dimension
     * @param metadata name of the value of the metadata that has the text
     * @return the examples, in their order
     * @throws IllegalArgumentException if an example has no such text, or not one number; the message lists them
     */
    public static List<ScoredText> scored(Iterable<Example<Regressor>> data, String metadata) {
        return examples(data, metadata, (text, numbers) -> {
            if (numbers.size() != 1) {
                throw new IllegalArgumentException(numbers.size() + " numbers, expected one");
            }
            return new ScoredText(text, numbers.getValues()[0]);
        });
    }

    private static <T extends Output<T>, E> List<E> examples(
            Iterable<Example<T>> data, String metadata, BiFunction<String, T, E> maker) {
        Problems problems = new Problems();
        List<E> examples = new ArrayList<>();
        int index = 0;
        for (Example<T> example : data) {
            Object text = example.getMetadataValue(metadata).orElse(null);
            if (text == null) {
                problems.add("example " + index + " has no " + MessageText.name(metadata) + " in its metadata, found "
                        + Problems.quoted(example.getMetadata().keySet()) + ", expected the text");
            } else {
                try {
                    examples.add(maker.apply(text.toString(), example.getOutput()));
                } catch (IllegalArgumentException e) {
                    problems.add("example " + index + ": " + e.getMessage());
                }
            }
            index++;
        }
        problems.throwIfAny("TextExamples");
        return examples;
    }
}
