/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.lora4j.text.LabeledPair;
import org.lora4j.text.LabeledText;
import org.lora4j.text.LabeledWords;
import org.lora4j.text.PairClassifier;
import org.lora4j.text.ReRanker;
import org.lora4j.text.ScoredPair;
import org.lora4j.text.ScoredText;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextPair;
import org.lora4j.text.TextRegressor;
import org.lora4j.text.TinyEncoder;
import org.lora4j.text.TokenClassifier;

/** One task of each kind over the tiny encoder, with factors of LoRA and a head. */
final class Served {

    static final List<String> TEXTS = List.of(
            "a very good film",
            "the bad film",
            "not good",
            "my card is lost in new york , where is my card ? is the card in paris",
            "paris",
            "the film is very very very very bad in paris");

    private Served() {}

    static TextClassifier classifier(TextEncoder encoder, long seed) {
        return TextClassifier.builder(encoder)
                .epochs(2)
                .seed(seed)
                .quiet()
                .build()
                .fit(TinyEncoder.reviews(24, seed), TinyEncoder.reviews(8, seed + 1));
    }

    static TextClassifier head(TextEncoder encoder) {
        return TextClassifier.builder(encoder)
                .headOnly()
                .quiet()
                .build()
                .fit(TinyEncoder.reviews(24, 11), TinyEncoder.reviews(8, 12));
    }

    static TextClassifier severalLabels(TextEncoder encoder) {
        List<LabeledText> texts = new ArrayList<>();
        for (LabeledText review : TinyEncoder.reviews(24, 5)) {
            List<String> labels = new ArrayList<>(review.labels());
            if (review.text().contains("film")) {
                labels.add("film");
            }
            texts.add(new LabeledText(review.text(), labels));
        }
        return TextClassifier.builder(encoder)
                .severalLabels()
                .epochs(1)
                .quiet()
                .build()
                .fit(texts.subList(0, 16), texts.subList(16, 24));
    }

    static PairClassifier pairs(TextEncoder encoder) {
        List<LabeledPair> pairs = new ArrayList<>();
        List<LabeledText> reviews = TinyEncoder.reviews(25, 3);
        for (int i = 0; i < 24; i++) {
            String same = reviews.get(i)
                            .labels()
                            .equals(reviews.get(i + 1 - i % 4 / 2).labels())
                    ? "same"
                    : "other";
            pairs.add(new LabeledPair(
                    new TextPair(
                            reviews.get(i).text(),
                            reviews.get(i + 1 - i % 4 / 2).text()),
                    same));
        }
        return PairClassifier.builder(encoder)
                .epochs(1)
                .quiet()
                .build()
                .fit(pairs.subList(0, 16), pairs.subList(16, 24));
    }

    static TokenClassifier tagger(TextEncoder encoder) {
        List<LabeledWords> sentences = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            sentences.add(new LabeledWords(
                    List.of("play", "the", i % 2 == 0 ? "good" : "bad", "film", "in", i % 3 == 0 ? "paris" : "york"),
                    List.of("O", "O", "O", "O", "O", "B-place")));
        }
        return TokenClassifier.builder(encoder)
                .epochs(1)
                .quiet()
                .build()
                .fit(sentences.subList(0, 12), sentences.subList(12, 16));
    }

    static TextRegressor regressor(TextEncoder encoder) {
        List<ScoredText> texts = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(9);
        for (LabeledText review : TinyEncoder.reviews(24, 4)) {
            texts.add(new ScoredText(
                    review.text(), (review.labels().get(0).equals("positive") ? 5 : 1) + random.nextDouble()));
        }
        return TextRegressor.builder(encoder)
                .epochs(1)
                .quiet()
                .build()
                .fit(texts.subList(0, 16), texts.subList(16, 24));
    }

    static ReRanker reRanker(TextEncoder encoder) {
        List<ScoredPair> pairs = new ArrayList<>();
        List<LabeledText> reviews = TinyEncoder.reviews(24, 6);
        for (int i = 0; i < 24; i++) {
            pairs.add(new ScoredPair(
                    new TextPair("a good film", reviews.get(i).text()),
                    reviews.get(i).labels().get(0).equals("positive") ? 1 : 0));
        }
        return ReRanker.builder(encoder).epochs(1).quiet().build().fit(pairs.subList(0, 16), pairs.subList(16, 24));
    }

    static SentenceEncoder vectors(TextEncoder encoder) {
        List<SentenceExample> pairs = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            pairs.add(SentenceExample.pair(i + " good film", "very good " + i + " film"));
        }
        return SentenceEncoder.builder(encoder)
                .epochs(1)
                .quiet()
                .build()
                .fit(pairs.subList(0, 12), pairs.subList(12, 16));
    }

    /** A request is open until its answer was given to all who wait for it, so for a moment longer than they wait. */
    static void requireNothingOpen(TextServer server) throws InterruptedException {
        for (int i = 0; i < 1_000 && server.metrics().open() > 0; i++) {
            Thread.sleep(10);
        }
        assertThat(server.metrics().open()).isZero();
    }

    static List<TextInput> inputs(List<String> texts) {
        return texts.stream().map(TextInput::of).toList();
    }
}
