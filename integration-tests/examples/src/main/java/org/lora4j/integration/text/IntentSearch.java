/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.text.RetrievalEvaluation;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.text.TextEncoder;

/**
 * CLINC150's questions as a search: each test question among all others, those of its intent are relevant. Learned from pairs
 * of training questions of one intent.
 */
final class IntentSearch {

    private final TextEncoder encoder;
    private final List<SentenceExample> train;
    private final List<SentenceExample> validation;
    private final List<LabeledText> test;

    IntentSearch(TextEncoder encoder, Clinc150 clinc, int each, int tested) {
        this.encoder = encoder;
        this.train = pairs(clinc, "train", each);
        this.validation = pairs(clinc, "val", 4);
        this.test = all(clinc, "test", tested);
    }

    private static List<LabeledText> all(Clinc150 clinc, String split, int each) {
        Map<String, List<LabeledText>> byIntent = new LinkedHashMap<>();
        for (String domain : clinc.domains()) {
            for (LabeledText text : clinc.intents(split, domain)) {
                byIntent.computeIfAbsent(text.labels().first(), intent -> new ArrayList<>())
                        .add(text);
            }
        }
        List<LabeledText> some = new ArrayList<>();
        byIntent.values().forEach(texts -> some.addAll(texts.subList(0, Math.min(each, texts.size()))));
        return some;
    }

    private static List<SentenceExample> pairs(Clinc150 clinc, String split, int each) {
        List<LabeledText> texts = all(clinc, split, each);
        List<SentenceExample> pairs = new ArrayList<>();
        for (int i = 0; i + 1 < texts.size(); i += 2) {
            String intent = texts.get(i).labels().first();
            if (intent.equals(texts.get(i + 1).labels().first())) {
                pairs.add(SentenceExample.pair(
                                texts.get(i).text(), texts.get(i + 1).text())
                        .withGroup(intent));
            }
        }
        return pairs;
    }

    int pairs() {
        return train.size();
    }

    RetrievalEvaluation frozen() {
        return evaluated(SentenceEncoder.builder(encoder).build());
    }

    RetrievalEvaluation lora() {
        return evaluated(SentenceEncoder.builder(encoder).epochs(4).build().fit(train, validation));
    }

    RetrievalEvaluation full() {
        return evaluated(SentenceEncoder.builder(encoder)
                .fullFineTuning()
                .epochs(4)
                .build()
                .fit(train, validation));
    }

    private RetrievalEvaluation evaluated(SentenceEncoder by) {
        try (by) {
            float[][] vectors = by.predict(test.stream().map(LabeledText::text).toList());
            return RetrievalEvaluation.withinGroups(
                    vectors, test.stream().map(text -> text.labels().first()).toList());
        }
    }
}
