/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.fit;

import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.Holdout;

/** What is compared, from cheap to dear. */
enum Candidate {
    LOGISTIC("logistic regression") {
        @Override
        Learned fit(TextEncoder encoder, List<LabeledText> train, long seed) {
            return new LogisticRegression(encoder).fit(train, seed);
        }
    },
    HEAD("head alone") {
        @Override
        Learned fit(TextEncoder encoder, List<LabeledText> train, long seed) {
            return task(TextClassifier.builder(encoder).headOnly().seed(seed).build(), train);
        }
    },
    DEFAULT("default fit") {
        @Override
        Learned fit(TextEncoder encoder, List<LabeledText> train, long seed) {
            return task(TextClassifier.builder(encoder).seed(seed).build(), train);
        }
    },
    PLAIN("LoRA, plain setting") {
        @Override
        Learned fit(TextEncoder encoder, List<LabeledText> train, long seed) {
            return new PlainLora(encoder, PlainLora.RATE).fit(train, seed);
        }
    },
    SWEEP("LoRA, best of four rates") {
        @Override
        Learned fit(TextEncoder encoder, List<LabeledText> train, long seed) {
            Holdout.Split<LabeledText> split = split(train, seed);
            Learned best = null;
            double most = -1;
            for (double rate : RATES) {
                Learned learned = new PlainLora(encoder, rate).fit(split.train(), seed);
                double accuracy = share(learned, split.validation());
                if (accuracy > most) {
                    most = accuracy;
                    best = new Learned(learned.labels(), String.format(Locale.ROOT, "rate %.0e", rate));
                }
            }
            return best;
        }
    };

    private static final double[] RATES = {5e-4, 1e-3, 2e-3, 4e-3};

    private final String label;

    Candidate(String label) {
        this.label = label;
    }

    /** Learns from examples, and from nothing else. */
    abstract Learned fit(TextEncoder encoder, List<LabeledText> train, long seed);

    String label() {
        return label;
    }

    String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** A tenth is kept back to choose by, a fifth of less than a thousand. */
    static Holdout.Split<LabeledText> split(List<LabeledText> train, long seed) {
        return new Holdout(OptionalDouble.empty(), seed).of(train, LabeledText::labels);
    }

    static double share(Learned learned, List<LabeledText> examples) {
        return (double) learned.right(examples).cardinality() / examples.size();
    }

    private static Learned task(TextClassifier classifier, List<LabeledText> train) {
        classifier.fit(train);
        return new Learned(
                texts -> classifier.predict(texts).stream()
                        .map(prediction -> prediction.labels().get(0))
                        .toList(),
                classifier.report().toString());
    }
}
