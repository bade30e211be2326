/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.healthcare;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.DataReport;
import org.lora4j.advice.Suitability;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Draw;
import org.lora4j.examples.Example;
import org.lora4j.examples.LabeledTexts;
import org.lora4j.examples.LogisticRegression;
import org.lora4j.examples.MedQuad;
import org.lora4j.interpret.DataInf;
import org.lora4j.interpret.Influence;
import org.lora4j.interpret.IntegratedGradients;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.Calibration;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.ScoreInterval;

/** What kind of question an answer belongs to, told from the answer alone: with doubts, reasons, and when to ask a person. */
final class AnswerTypes {

    private static final int LEAST = 200;
    private static final int TEXTS = 1_500;
    private static final double TESTED = 0.27;
    private static final double VALIDATED = 0.13;
    private static final int INFLUENTIAL = 400;
    private static final int ASKED = 100;
    private static final int SHOWN = 3;
    private static final double[] COVERAGES = {1, 0.95, 0.9, 0.8};

    private final Example example;
    private final TextEncoder encoder;
    private final MedQuad answers;
    private final Comparison accuracy;
    private final Map<String, Object> abstention = new LinkedHashMap<>();
    private String beforehand = "";
    private TrainingReport page;

    /** Texts of documents that have nothing in common. */
    record Parts(List<LabeledText> train, List<LabeledText> validation, List<LabeledText> test) {

        static Parts of(MedQuad answers, int texts, long seed) {
            List<List<MedQuad.Answer>> parts = answers.parts(seed, TESTED, VALIDATED);
            return new Parts(
                    some(parts.get(2), (1 - TESTED - VALIDATED) * texts, seed),
                    some(parts.get(1), VALIDATED * texts, seed),
                    some(parts.get(0), TESTED * texts, seed));
        }

        private static List<LabeledText> some(List<MedQuad.Answer> part, double most, long seed) {
            return Draw.some(part, (int) Math.round(most), seed).stream()
                    .map(answer -> new LabeledText(answer.text(), answer.type()))
                    .toList();
        }
    }

    AnswerTypes(Example example, TextEncoder encoder, MedQuad answers) {
        this.example = example;
        this.encoder = encoder;
        this.answers = answers.ofTypesWith(LEAST);
        this.accuracy = new Comparison("types of answers on health", "accuracy", example.seed());
    }

    void run() throws IOException {
        for (long seed : example.seeds()) {
            learn(seed);
        }
        example.table(accuracy);
        example.figure("abstention", abstention);
        example.page("types-of-answers", page.with(accuracy.advice(beforehand)));
    }

    private void learn(long seed) throws IOException {
        int texts = example.full() ? answers.answers().size() : example.number(0, "healthcare.texts", 1, TEXTS);
        Parts parts = Parts.of(answers, texts, seed);
        DataReport data =
                DataAdvisor.of(() -> TextClassifier.builder(encoder).seed(seed), parts.train(), parts.validation());
        Suitability forecast =
                Suitability.of(() -> TextClassifier.builder(encoder).seed(seed), parts.train());
        example.say(
                "types of answers: %d texts to learn from, %d to choose by, %d to test",
                parts.train().size(), parts.validation().size(), parts.test().size());
        beforehand = "Before training: " + forecast.advice().sentence();
        example.say(beforehand);
        suspects(data, parts.train());

        logisticRegression(parts);
        try (TextClassifier head = builder(seed).headOnly().build().fit(parts.train(), parts.validation());
                TextClassifier lora = builder(seed).build().fit(parts.train(), parts.validation())) {
            List<Prediction> ofHead = judged("frozen encoder, head alone", head, parts);
            List<Prediction> ofLora = judged(Comparison.LORA, lora, parts);
            abstain(parts.test(), ofHead, ofLora);
            try (TextClassifier full = builder(seed).fullFineTuning().build().fit(parts.train(), parts.validation())) {
                judged("full fine-tuning", full, parts);
            }
            example.receipt("types-of-answers", lora.receipt().orElseThrow());
            lora.save(example.folder().resolve("types-of-answers"));
            if (seed == example.seed()) {
                page = explained(lora, parts, PredictedLabels.ofTexts(parts.test(), ofLora))
                        .with(data, parts.train());
            }
        }
    }

    private TextClassifier.Builder builder(long seed) {
        return TextClassifier.builder(encoder).seed(seed);
    }

    /** What a person should look at first. */
    private void suspects(DataReport data, List<LabeledText> train) {
        example.say("%s", data.labelErrors().advice());
        data.labelErrors().suspects().stream()
                .limit(SHOWN)
                .forEach(suspect -> example.say(
                        "  row %d says %s, perhaps %s: %s",
                        suspect.row(),
                        suspect.label(),
                        suspect.suggested(),
                        beginning(train.get(suspect.row()).text())));
        example.figure("suspected labels", data.labelErrors().suspects().size());
    }

    private static String beginning(String text) {
        return text.substring(0, Math.min(text.length(), 90)) + "...";
    }

    private void logisticRegression(Parts parts) {
        LogisticRegression model = LogisticRegression.fit(
                encoder.embed(LabeledTexts.texts(parts.train())),
                LabeledTexts.labels(parts.train()),
                encoder.embed(LabeledTexts.texts(parts.validation())),
                LabeledTexts.labels(parts.validation()));
        accuracy.add(
                "logistic regression on frozen vectors",
                Comparison.hits(
                        LabeledTexts.labels(parts.test()),
                        model.predict(encoder.embed(LabeledTexts.texts(parts.test())))),
                LabeledTexts.texts(parts.test()));
    }

    /** What an arm says of the test, its probabilities calibrated on the validation part. */
    private List<Prediction> judged(String arm, TextClassifier by, Parts parts) {
        Calibration calibration = Calibration.of(
                LabeledTexts.labels(parts.validation()), by.predict(LabeledTexts.texts(parts.validation())));
        List<Prediction> plain = by.predict(LabeledTexts.texts(parts.test()));
        List<Prediction> calibrated = calibration.apply(plain);
        accuracy.addAnswers(arm, parts.test(), plain);
        example.say(
                "%s: temperature %.2f, expected calibration error %.3f before and %.3f after",
                arm,
                calibration.temperature(),
                PredictedLabels.ofTexts(parts.test(), plain).calibrationError(),
                PredictedLabels.ofTexts(parts.test(), calibrated).calibrationError());
        return calibrated;
    }

    private void abstain(List<LabeledText> test, List<Prediction> ofHead, List<Prediction> ofLora) {
        example.say("| answers given | LoRA: from this probability on, right | head alone |");
        for (double coverage : COVERAGES) {
            String lora = surest(coverage, test, ofLora);
            String head = surest(coverage, test, ofHead);
            example.say("| %.0f %% | %s | %s |", 100 * coverage, lora, head);
            abstention.put(String.valueOf(coverage), Map.of(Comparison.LORA, lora, "head alone", head));
        }
    }

    /** How often answers are right if only the surest are given. */
    private String surest(double coverage, List<LabeledText> test, List<Prediction> said) {
        float from = (float) PredictedLabels.ofTexts(test, said).thresholdAt(coverage);
        double[] hits = IntStream.range(0, test.size())
                .filter(i -> (float) said.get(i).score() >= from)
                .mapToDouble(i -> test.get(i).labels().contains(said.get(i).label()) ? 1 : 0)
                .toArray();
        ScoreInterval right = new Comparison("surest", "accuracy", example.seed())
                .add(Comparison.LORA, hits)
                .value(Comparison.LORA);
        return String.format(Locale.ROOT, "%.2f, %.3f (%.3f to %.3f)", from, right.value(), right.low(), right.high());
    }

    /** What the answers rest on: the examples that count, and the words. */
    private TrainingReport explained(TextClassifier lora, Parts parts, PredictedLabels answered) {
        List<LabeledText> some =
                parts.train().subList(0, Math.min(INFLUENTIAL, parts.train().size()));
        List<LabeledText> asked =
                parts.validation().subList(0, Math.min(ASKED, parts.validation().size()));
        Influence<LabeledText> influence = DataInf.of(lora, some).on(asked);
        influence
                .mostHarmful(SHOWN)
                .forEach(of -> example.say(
                        "harmful: %s, %s",
                        of.example().labels().get(0), beginning(of.example().text())));
        TrainingReport report = TrainingReport.of(lora.report())
                .withTitle("What kind of question an answer on health belongs to")
                .with(lora.adapter().config())
                .with(answered)
                .with(influence, LabeledText::text)
                .with(lora.receipt().orElseThrow())
                .withSettings(Map.of("must not be used for", HealthcareExample.NOT_FOR))
                .withLicences(Map.of("MedQuAD", "CC BY 4.0, answers cut", "all-MiniLM-L6-v2", "Apache-2.0"));
        for (int i : Stream.concat(answered.worst(2).stream(), Stream.of(0)).toList()) {
            report = report.with(
                    IntegratedGradients.of(lora).explain(parts.test().get(i).text()));
        }
        return report;
    }
}
