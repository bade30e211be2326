/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.serving;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;
import org.lora4j.integration.datasets.Banking77;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.pretrained.TextExample;

/**
 * One task of the server: texts to train on and others to ask about.
 *
 * @param name name of the task and its adapter
 * @param training texts to train on
 * @param heldOut texts to ask about
 */
record ServedTask(String name, List<TextExample> training, List<TextExample> heldOut) {

    static final String BANKING = "banking77";
    static final String NOUNS = "wordnet-nouns";

    /** The task whose adapter is exchanged while it is asked. */
    static final String TRAVEL = "clinc-travel";

    /** The most classes of any of these tasks; all heads have so many. */
    static final int CLASSES = 77;

    /**
     * Five tasks: BANKING77, the categories of WordNet nouns, the domains of CLINC150, and the intents of two of them.
     *
     * @param percent how much of the usual number of texts to use, 100 for all of it
     */
    static List<ServedTask> all(Path data, int percent, long seed) throws IOException {
        Banking77 banking = new Banking77(data.resolve("banking77"));
        Clinc150 clinc = new Clinc150(data.resolve("clinc150"));
        WordNetGlosses nouns = WordNetGlosses.load(seed);
        IntUnaryOperator share = each -> Math.max(1, each * percent / 100);
        return List.of(
                of(
                        BANKING,
                        LabeledText.draw(banking.train(), share.applyAsInt(15), seed),
                        LabeledText.draw(banking.test(), share.applyAsInt(6), seed)),
                new ServedTask(
                        NOUNS,
                        some(nouns.training(), share.applyAsInt(30)),
                        some(nouns.heldOut(), share.applyAsInt(20))),
                of(
                        "clinc-domains",
                        LabeledText.draw(clinc.train(), share.applyAsInt(60), seed),
                        LabeledText.draw(clinc.test(), share.applyAsInt(45), seed)),
                intents(TRAVEL, clinc, "travel", share, seed),
                intents("clinc-kitchen", clinc, "kitchen_and_dining", share, seed));
    }

    private static ServedTask intents(String name, Clinc150 clinc, String domain, IntUnaryOperator share, long seed) {
        return of(
                name,
                LabeledText.draw(clinc.intents("train", domain), share.applyAsInt(30), seed),
                LabeledText.draw(clinc.intents("test", domain), share.applyAsInt(20), seed));
    }

    private static ServedTask of(String name, List<LabeledText> training, List<LabeledText> heldOut) {
        Map<String, Integer> classes = new TreeMap<>();
        training.forEach(text -> classes.put(text.labels().first(), 0));
        int next = 0;
        for (Map.Entry<String, Integer> entry : classes.entrySet()) {
            entry.setValue(next++);
        }
        return new ServedTask(name, examples(training, classes), examples(heldOut, classes));
    }

    private static List<TextExample> examples(List<LabeledText> texts, Map<String, Integer> classes) {
        return texts.stream()
                .map(text ->
                        new TextExample(text.text(), classes.get(text.labels().first())))
                .toList();
    }

    /** At most so many of each class, the first ones. */
    private static List<TextExample> some(List<TextExample> texts, int each) {
        Map<Integer, Integer> taken = new LinkedHashMap<>();
        List<TextExample> some = new ArrayList<>();
        for (TextExample text : texts) {
            if (taken.merge(text.label(), 1, Integer::sum) <= each) {
                some.add(text);
            }
        }
        return some;
    }
}
