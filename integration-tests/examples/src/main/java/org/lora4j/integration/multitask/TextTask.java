/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.multitask;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.multitask.TaskLabels;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.train.ShuffledIndices;

/**
 * A classification task with its data.
 *
 * @param name what it is called
 * @param labels its labels by class
 * @param training examples to train on
 * @param test examples to measure with
 */
record TextTask(String name, TaskLabels labels, LengthBuckets training, LengthBuckets test) {

    /** Every task keeps the memory of its largest batch, so that no batch may be much larger than the others. */
    private static final int TOKENS = 512;

    /**
     * How texts become batches.
     *
     * @param tokenizer makes ids of texts
     * @param most most texts of a task that are used, for training and for testing
     * @param seed which ones
     */
    record Encoding(TextTokenizer tokenizer, int most, long seed) {

        LengthBuckets of(List<TextExample> examples, int classes) {
            return LengthBuckets.of(some(examples, most, seed), tokenizer, classes, 1)
                    .withTokenBudget(TOKENS);
        }
    }

    static TextTask of(String name, List<LabeledText> training, List<LabeledText> test, Encoding encoding) {
        TaskLabels labels = TaskLabels.of(labelsOf(training));
        return of(
                name,
                labels,
                examples(training, labels.classes("task \"" + name + "\", training data", labelsOf(training))),
                examples(test, labels.classes("task \"" + name + "\", test data", labelsOf(test))),
                encoding);
    }

    static TextTask of(
            String name, TaskLabels labels, List<TextExample> training, List<TextExample> test, Encoding encoding) {
        int classes = labels.names().size();
        return new TextTask(name, labels, encoding.of(training, classes), encoding.of(test, classes));
    }

    /** The texts, or some of them, drawn at random. */
    private static List<TextExample> some(List<TextExample> examples, int most, long seed) {
        return Arrays.stream(ShuffledIndices.of(examples.size(), seed, 1))
                .limit(most)
                .mapToObj(examples::get)
                .toList();
    }

    private static List<String> labelsOf(List<LabeledText> texts) {
        return texts.stream().map(text -> text.labels().first()).toList();
    }

    private static List<TextExample> examples(List<LabeledText> texts, List<Integer> classes) {
        List<TextExample> examples = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            examples.add(new TextExample(texts.get(i).text(), classes.get(i)));
        }
        return examples;
    }
}
