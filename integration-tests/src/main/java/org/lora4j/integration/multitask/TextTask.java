/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.multitask;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.multitask.TaskLabels;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TextTokenizer;

/**
 * A classification task with its data.
 *
 * @param name what it is called
 * @param labels its labels by class
 * @param training examples to train on
 * @param test examples to measure with
 */
record TextTask(String name, TaskLabels labels, LengthBuckets training, LengthBuckets test) {

    private static final int BATCH_SIZE = 32;

    static TextTask of(String name, List<LabeledText> training, List<LabeledText> test, TextTokenizer tokenizer) {
        TaskLabels labels = TaskLabels.of(labelsOf(training));
        return of(
                name,
                labels,
                examples(training, labels.classes("task \"" + name + "\", training data", labelsOf(training))),
                examples(test, labels.classes("task \"" + name + "\", test data", labelsOf(test))),
                tokenizer);
    }

    static TextTask of(
            String name,
            TaskLabels labels,
            List<TextExample> training,
            List<TextExample> test,
            TextTokenizer tokenizer) {
        int classes = labels.names().size();
        return new TextTask(
                name,
                labels,
                LengthBuckets.of(training, tokenizer, classes, BATCH_SIZE),
                LengthBuckets.of(test, tokenizer, classes, BATCH_SIZE));
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
