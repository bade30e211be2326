/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.methods;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.integration.datasets.Banking77;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.integration.wordnet.NounCategory;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TextTokenizer;

/**
 * Something to learn. Rates are chosen on the part for validation; the part for testing is only measured.
 *
 * @param name what tables call it
 * @param labels the names of the classes
 * @param epochs how long it is learned
 * @param training what is learned from
 * @param validation what rates are chosen by
 * @param test what is reported
 */
record Problem(
        String name,
        List<String> labels,
        int epochs,
        LengthBuckets training,
        LengthBuckets validation,
        LengthBuckets test) {

    private static final int TOKENS = 320;
    private static final int SHOTS = 10;
    private static final int VALIDATED = 5;
    private static final int HALF = 2;

    /** The parts of a data set before they become batches. */
    private record Parts(List<TextExample> training, List<TextExample> validation, List<TextExample> test) {

        Problem problem(String name, List<String> labels, int epochs, TextTokenizer tokenizer) {
            int classes = labels.size();
            return new Problem(
                    name,
                    labels,
                    epochs,
                    buckets(training, tokenizer, classes),
                    buckets(validation, tokenizer, classes),
                    buckets(test, tokenizer, classes));
        }
    }

    int classes() {
        return labels.size();
    }

    private static LengthBuckets buckets(List<TextExample> examples, TextTokenizer tokenizer, int classes) {
        return LengthBuckets.of(examples, tokenizer, classes, 1).withTokenBudget(TOKENS);
    }

    /** Ten questions of each intent; training texts that recur in the test are left out. */
    static Problem banking(Path data, TextTokenizer tokenizer, long seed) throws IOException {
        Banking77 banking = new Banking77(data.resolve("banking77"));
        List<LabeledText> test = banking.test();
        Set<String> tested = new HashSet<>();
        test.forEach(question -> tested.add(question.text()));
        List<LabeledText> pool = banking.train().stream()
                .filter(question -> !tested.contains(question.text()))
                .toList();
        List<LabeledText> training = LabeledText.draw(pool, SHOTS, seed);
        Set<LabeledText> learned = Set.copyOf(training);
        List<LabeledText> validation = LabeledText.draw(
                pool.stream().filter(question -> !learned.contains(question)).toList(), VALIDATED, seed + 1);
        Set<String> intents = new TreeSet<>();
        pool.forEach(question -> intents.add(question.labels().first()));
        List<String> labels = List.copyOf(intents);
        return new Parts(examples(training, labels), examples(validation, labels), examples(test, labels))
                .problem("BANKING77, ten of each intent", labels, 15, tokenizer);
    }

    private static List<TextExample> examples(List<LabeledText> texts, List<String> labels) {
        return texts.stream()
                .map(text -> new TextExample(
                        text.text(), labels.indexOf(text.labels().first())))
                .toList();
    }

    /** A hundred glosses of each category; every second one held out is for validation. */
    static Problem nouns(TextTokenizer tokenizer, long seed) throws IOException {
        WordNetGlosses glosses = WordNetGlosses.load(seed);
        List<TextExample> validation = new ArrayList<>();
        List<TextExample> test = new ArrayList<>();
        for (int i = 0; i < glosses.heldOut().size(); i++) {
            (i % HALF == 0 ? validation : test).add(glosses.heldOut().get(i));
        }
        return new Parts(glosses.training(), validation, test)
                .problem("WordNet's nouns", NounCategory.names(), 3, tokenizer);
    }
}
