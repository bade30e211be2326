/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.LabeledText;
import org.lora4j.text.Prediction;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;

/**
 * A classifier of texts in several ways: LoRA, its head alone, and with {@code -Dexample.full} full fine-tuning.
 *
 * @param said for each arm what it says of the test
 * @param page a page on LoRA, to be gone on with
 */
public record ClassifierArms(Map<String, List<Prediction>> said, TrainingReport page) {

    /** The arm whose head alone learns: logistic regression on frozen vectors. */
    public static final String HEAD = "head alone";

    /** The arm all of whose weights learn. */
    public static final String FULL = "full fine-tuning";

    /**
     * Fits all arms, and leaves the classifier that LoRA gives with its receipt in the folder of the results.
     *
     * @param example the run
     * @param name of the classifier
     * @param encoder the encoder
     * @param epochs of LoRA and of full fine-tuning
     * @param parts what to learn from, to choose with and to test with
     * @param seed of the fits
     * @return what they say
     * @throws IOException if the folder cannot be written
     */
    public static ClassifierArms fit(
            Example example, String name, TextEncoder encoder, int epochs, List<List<LabeledText>> parts, long seed)
            throws IOException {
        Map<String, UnaryOperator<TextClassifier.Builder>> arms = new LinkedHashMap<>();
        arms.put(Comparison.LORA, builder -> builder.epochs(epochs));
        arms.put(HEAD, TextClassifier.Builder::headOnly);
        if (example.full()) {
            arms.put(FULL, builder -> builder.fullFineTuning().epochs(epochs));
        }
        List<LabeledText> test = parts.get(2);
        Map<String, List<Prediction>> said = new LinkedHashMap<>();
        TrainingReport page = TrainingReport.titled(name);
        for (Map.Entry<String, UnaryOperator<TextClassifier.Builder>> arm : arms.entrySet()) {
            TextClassifier.Builder builder = arm.getValue()
                    .apply(TextClassifier.builder(encoder))
                    .seed(seed)
                    .quiet()
                    .listener(example.progress(name + ", " + arm.getKey()));
            try (TextClassifier classifier = builder.build().fit(parts.get(0), parts.get(1))) {
                List<Prediction> own = classifier.predict(LabeledTexts.texts(test));
                said.put(arm.getKey(), own);
                example.say(
                        "%s, %s: %s", name, arm.getKey(), classifier.report().line());
                if (arm.getKey().equals(Comparison.LORA)) {
                    classifier.save(example.folder().resolve(name));
                    example.receipt(name, classifier.receipt().orElseThrow());
                    page = TrainingReport.of(classifier.report())
                            .withTitle(name)
                            .with(PredictedLabels.ofTexts(test, own))
                            .with(classifier.receipt().orElseThrow());
                }
            }
        }
        return new ClassifierArms(said, page);
    }
}
