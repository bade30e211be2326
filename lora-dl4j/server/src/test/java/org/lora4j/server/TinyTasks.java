/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

/** One task of each kind over one tiny encoder, trained and saved once for all tests. */
final class TinyTasks {

    static final TextEncoder ENCODER = TinyEncoder.create();

    static final TextClassifier CLASSIFIER = classifier(1);
    static final TextClassifier OTHER_CLASSIFIER = classifier(2);

    private static Map<String, Path> saved;

    private TinyTasks() {}

    private static TextClassifier classifier(long seed) {
        return TextClassifier.builder(ENCODER)
                .headOnly()
                .seed(seed)
                .quiet()
                .build()
                .fit(TinyEncoder.reviews(24, seed), TinyEncoder.reviews(8, seed + 1));
    }

    /** The directories of all tasks by name. */
    static synchronized Map<String, Path> directories() throws IOException {
        if (saved == null) {
            Path folder = Files.createTempDirectory("served-tasks");
            Map<String, Path> all = new LinkedHashMap<>();
            List<String> names = List.of("reviews", "reviews2", "same", "places", "stars", "relevant", "vectors");
            names.forEach(name -> all.put(name, folder.resolve(name)));
            CLASSIFIER.save(all.get("reviews"));
            OTHER_CLASSIFIER.save(all.get("reviews2"));
            pairs().save(all.get("same"));
            tagger().save(all.get("places"));
            regressor().save(all.get("stars"));
            reRanker().save(all.get("relevant"));
            vectors().save(all.get("vectors"));
            saved = all;
        }
        return saved;
    }

    /** A server with all of them. */
    static LoraServerBuilder all() throws IOException {
        LoraServerBuilder builder =
                LoraServer.builder().encoder("tiny", ENCODER).port(0);
        directories().forEach(builder::adapter);
        return builder;
    }

    private static PairClassifier pairs() {
        List<LabeledPair> pairs = new ArrayList<>();
        List<LabeledText> reviews = TinyEncoder.reviews(25, 3);
        for (int i = 0; i < 24; i++) {
            pairs.add(new LabeledPair(
                    new TextPair(reviews.get(i).text(), reviews.get(i + 1).text()), i % 2 == 0 ? "same" : "other"));
        }
        return PairClassifier.builder(ENCODER)
                .headOnly()
                .quiet()
                .build()
                .fit(pairs.subList(0, 16), pairs.subList(16, 24));
    }

    private static TokenClassifier tagger() {
        List<LabeledWords> sentences = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            sentences.add(new LabeledWords(
                    List.of("play", "the", i % 2 == 0 ? "good" : "bad", "film", "in", i % 3 == 0 ? "paris" : "york"),
                    List.of("O", "O", "O", "O", "O", "B-place")));
        }
        return TokenClassifier.builder(ENCODER)
                .headOnly()
                .quiet()
                .build()
                .fit(sentences.subList(0, 12), sentences.subList(12, 16));
    }

    private static TextRegressor regressor() {
        List<ScoredText> texts = new ArrayList<>();
        for (LabeledText review : TinyEncoder.reviews(24, 4)) {
            texts.add(new ScoredText(
                    review.text(), (review.labels().get(0).equals("positive") ? 5 : 1) + 0.01 * texts.size()));
        }
        return TextRegressor.builder(ENCODER)
                .headOnly()
                .quiet()
                .build()
                .fit(texts.subList(0, 16), texts.subList(16, 24));
    }

    private static ReRanker reRanker() {
        List<ScoredPair> pairs = new ArrayList<>();
        for (LabeledText review : TinyEncoder.reviews(24, 6)) {
            pairs.add(new ScoredPair(
                    new TextPair("a good film", review.text()),
                    review.labels().get(0).equals("positive") ? 1 : 0));
        }
        return ReRanker.builder(ENCODER).epochs(1).quiet().build().fit(pairs.subList(0, 16), pairs.subList(16, 24));
    }

    private static SentenceEncoder vectors() {
        List<SentenceExample> pairs = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            pairs.add(SentenceExample.pair(i + " good film", "very good " + i + " film"));
        }
        return SentenceEncoder.builder(ENCODER)
                .epochs(3)
                .learningRate(0.01)
                .validationFraction(0)
                .quiet()
                .build()
                .fit(pairs);
    }
}
