/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.advice.Advice;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.DataReport;
import org.lora4j.advice.LabeledFeatures;
import org.lora4j.advice.LearningRateFinder;
import org.lora4j.advice.LearningRateSuggestion;
import org.lora4j.advice.RankAdvisor;
import org.lora4j.advice.RankSuggestion;
import org.lora4j.advice.Suitability;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The examples of docs/advisor.md on data. */
class GuideAdvisorDataTest {

    private static final Logger log = LoggerFactory.getLogger(GuideAdvisorDataTest.class);

    @TempDir
    private Path folder;

    private static List<LabeledText> reviews(int count) {
        List<LabeledText> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(new LabeledText((i % 2 == 0 ? "a good film " : "very bad film ") + i, i % 2 == 0 ? "yes" : "no"));
        }
        return texts;
    }

    @Test
    void texts() throws IOException {
        List<LabeledText> train = reviews(40);
        List<LabeledText> validation = reviews(6);
        List<String> served = List.of("a film", "a bad film");

        try (TextEncoder encoder = TextEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("model")))) {
            DataReport report = DataAdvisor.builder().seed(1).build().examine(encoder, train, validation, served);
            log.info("{}", report);
            for (DataReport.SuspectLabel suspect : report.labelErrors().suspects()) {
                log.info("{}: perhaps {}", train.get(suspect.row()), suspect.suggested());
            }
            String json = report.json();

            assertThat(json).contains("\"leakage\"");
            assertThat(report.leakage().rows()).hasSize(6);
            assertThat(report.cutTexts().advice().answer()).isEqualTo(Advice.Answer.GOOD);
            assertThat(report.shift().advice().answer()).isEqualTo(Advice.Answer.UNKNOWN);
        }
    }

    @Test
    void textsAndATask() throws IOException {
        List<LabeledText> train = reviews(60);
        List<LabeledText> validation = reviews(20);
        TextEncoder encoder = TextEncoder.load(TinyModelFiles.writeDirectory(folder.resolve("model")));

        DataReport data = DataAdvisor.of(() -> TextClassifier.builder(encoder), train, validation);
        Suitability forecast = Suitability.of(() -> TextClassifier.builder(encoder), train);
        LearningRateSuggestion rate = LearningRateFinder.of(() -> TextClassifier.builder(encoder), train, validation)
                .find();
        RankSuggestion rank = RankAdvisor.of(() -> TextClassifier.builder(encoder), train, validation, 4, 8);

        assertThat(data.leakage().rows()).hasSize(20);
        assertThat(forecast.toString()).startsWith("suitability: ");
        assertThat(rate.toString()).startsWith("learning rate: ");
        assertThat(rank.toString()).startsWith("rank: ");
        encoder.close();
    }

    @Test
    void features() {
        Random random = new Random(1);
        float[][] features = new float[60][4];
        float[][] served = new float[30][4];
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            labels.add(i % 2 == 0 ? "ripe" : "unripe");
            for (int j = 0; j < 4; j++) {
                features[i][j] = (float) random.nextGaussian() + i % 2;
                served[i / 2][j] = (float) random.nextGaussian();
            }
        }

        DataReport report = DataAdvisor.builder()
                .smallestClass(20)
                .build()
                .examine(new LabeledFeatures(features, labels), LabeledFeatures.NONE, served);

        assertThat(report.classSizes().advice().answer()).isEqualTo(Advice.Answer.GOOD);
    }
}
