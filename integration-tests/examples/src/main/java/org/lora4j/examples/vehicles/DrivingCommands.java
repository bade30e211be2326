/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.vehicles;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.lora4j.advice.Suitability;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.DataFile;
import org.lora4j.examples.Example;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;

/** What a driver says: fifteen intents around cars and commuting, and what is none of them. */
final class DrivingCommands {

    private static final String ORIGIN = "github.com/clinc/oos-eval, folder data";
    private static final DataFile COMMANDS = new DataFile(
            "clinc150", "data_small.json", "050e17476e6b4fa88f8518edaf09921c8f5e3a86dc8b63615361102a20b2ac01", ORIGIN);
    private static final DataFile DOMAINS = new DataFile(
            "clinc150", "domains.json", "b947b579d3b8e74b06f93b01083d8efaff2888b43a3e362533bd88a6e1211b3a", ORIGIN);

    private static final String DOMAIN = "auto_and_commute";
    private static final String NONE = "out of scope";
    private static final int LONGEST = 32;
    private static final int EPOCHS = 6;

    private final Example example;
    private final Clinc150 clinc;
    private final Comparison intents;
    private final Comparison refusals;

    private DrivingCommands(Example example, Clinc150 clinc) {
        this.example = example;
        this.clinc = clinc;
        this.intents = new Comparison("driving commands, 15 intents", "accuracy", example.seed());
        this.refusals = new Comparison("driving commands, out of scope", "share called so", example.seed());
    }

    static void run(Example example) throws IOException {
        Optional<Path> commands = example.data(COMMANDS);
        if (commands.isEmpty() || example.data(DOMAINS).isEmpty()) {
            return;
        }
        try (TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2").withMaxLength(LONGEST)) {
            new DrivingCommands(example, new Clinc150(commands.get().getParent())).run(encoder);
        }
    }

    private List<LabeledText> texts(String split) {
        return Stream.concat(
                        clinc.intents(split, DOMAIN).stream()
                                .map(text -> new LabeledText(text.text(), text.labels().first())),
                        clinc.outOfScope(split).stream().map(text -> new LabeledText(text, NONE)))
                .toList();
    }

    private void run(TextEncoder encoder) throws IOException {
        List<LabeledText> train = texts("train");
        List<LabeledText> validation = texts("val");
        List<LabeledText> test = texts("test");
        Suitability forecast = Suitability.of(
                () -> TextClassifier.builder(encoder).quiet(), train);
        example.say("driving commands, before: %s", forecast);
        Map<String, UnaryOperator<TextClassifier.Builder>> arms = new LinkedHashMap<>();
        arms.put(Comparison.LORA, builder -> builder.epochs(EPOCHS));
        arms.put("head alone", TextClassifier.Builder::headOnly);
        if (example.full()) {
            arms.put("full fine-tuning", builder -> builder.fullFineTuning().epochs(EPOCHS));
        }
        TrainingReport page = null;
        for (long seed : example.seeds()) {
            for (Map.Entry<String, UnaryOperator<TextClassifier.Builder>> arm : arms.entrySet()) {
                try (TextClassifier classifier = arm.getValue()
                        .apply(TextClassifier.builder(encoder).seed(seed).quiet())
                        .build()
                        .fit(train, validation)) {
                    List<Prediction> said = classifier.predict(
                            test.stream().map(LabeledText::text).toList());
                    count(arm.getKey(), test, said);
                    if (arm.getKey().equals(Comparison.LORA)) {
                        example.receipt("commands", classifier.receipt().orElseThrow());
                        classifier.save(example.folder().resolve("commands"));
                        page = TrainingReport.of(classifier.report())
                                .withTitle("Driving commands")
                                .with(PredictedLabels.ofTexts(test, said))
                                .with(classifier.receipt().orElseThrow());
                    }
                }
            }
        }
        example.table(intents);
        example.table(refusals);
        example.page("commands", page.with(intents.advice("")).with(refusals.advice("")).with(forecast.advice()));
    }

    private void count(String arm, List<LabeledText> test, List<Prediction> said) {
        List<Double> right = new ArrayList<>();
        List<Double> refused = new ArrayList<>();
        for (int i = 0; i < said.size(); i++) {
            String truth = test.get(i).labels().get(0);
            double hit = said.get(i).label().equals(truth) ? 1 : 0;
            (truth.equals(NONE) ? refused : right).add(hit);
        }
        intents.add(arm, right.stream().mapToDouble(hit -> hit).toArray());
        refusals.add(arm, refused.stream().mapToDouble(hit -> hit).toArray());
        example.say("driving commands, %s: %.4f of the intents, %.4f of what is out of scope",
                arm, intents.value(arm).value(), refusals.value(arm).value());
    }
}
