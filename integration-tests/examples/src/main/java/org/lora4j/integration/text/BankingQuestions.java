/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextFitReport;

/**
 * BANKING77 from ten questions of each intent: LoRA against a head alone, and against LibLinear on the vectors of the frozen
 * encoder. Everything is chosen on five further questions of each intent; training questions that are among the test
 * questions, too, are left out.
 */
final class BankingQuestions {

    private static final int SHOTS = 10;
    private static final int VALIDATED = 5;

    private final TextEncoder encoder;
    private final List<LabeledText> pool;
    private final List<LabeledText> test;
    private final FrozenHeads heads;

    /** What a draw gave: shares of the test questions told right, and what LoRA's page shows. */
    record Draw(double libLinear, double headOnly, double lora, TextFitReport report, TrainingReport page) {}

    BankingQuestions(TextEncoder encoder, List<LabeledText> train, List<LabeledText> test) {
        this.encoder = encoder;
        this.test = test;
        this.heads = new FrozenHeads(encoder, test);
        Set<String> recurring = new HashSet<>();
        test.forEach(question -> recurring.add(plain(question)));
        this.pool = train.stream()
                .filter(question -> !recurring.contains(plain(question)))
                .toList();
    }

    private static String plain(LabeledText question) {
        return question.text().strip().toLowerCase(Locale.ROOT);
    }

    /** All questions, every tenth of which validates: LibLinear and the head. */
    double[] all() {
        List<LabeledText> train = new ArrayList<>();
        List<LabeledText> validation = new ArrayList<>();
        for (int i = 0; i < pool.size(); i++) {
            (i % 10 == 0 ? validation : train).add(pool.get(i));
        }
        return new double[] {heads.libLinear(train, validation), heads.headOnly(train, validation)};
    }

    Draw draw(long seed, Path folder) throws IOException {
        List<LabeledText> train = new ArrayList<>();
        List<LabeledText> validation = new ArrayList<>();
        draw(seed, train, validation);
        double headOnly = heads.headOnly(train, validation);
        double libLinear = heads.libLinear(train, validation);
        // The whole of what a user writes.
        TextClassifier classifier =
                TextClassifier.builder(encoder).seed(seed).build().fit(train, validation);
        double lora = classifier.evaluate(test).accuracy();
        TextFitReport report = classifier.report();
        TrainingReport page = TrainingReport.of(report)
                .withTitle("BANKING77, draw " + seed)
                .with(PredictedLabels.ofTexts(
                        test,
                        classifier.predict(test.stream().map(LabeledText::text).toList())));
        classifier.save(folder);
        classifier.close();
        return new Draw(libLinear, headOnly, lora, report, page);
    }

    private void draw(long seed, List<LabeledText> train, List<LabeledText> validation) {
        Map<String, List<LabeledText>> byIntent = new TreeMap<>();
        pool.forEach(question -> byIntent.computeIfAbsent(question.labels().get(0), intent -> new ArrayList<>())
                .add(question));
        SplittableRandom random = new SplittableRandom(seed);
        for (List<LabeledText> questions : byIntent.values()) {
            for (int i = questions.size() - 1; i > 0; i--) {
                Collections.swap(questions, i, random.nextInt(i + 1));
            }
            train.addAll(questions.subList(0, SHOTS));
            validation.addAll(questions.subList(SHOTS, SHOTS + VALIDATED));
        }
    }
}
