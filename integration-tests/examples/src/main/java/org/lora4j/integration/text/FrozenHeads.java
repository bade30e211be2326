/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.text;

import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.examples.LogisticRegression;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;

/** Two classifiers over the vectors of a frozen encoder: accuracy on test texts, with everything chosen on validation texts. */
final class FrozenHeads {

    private final TextEncoder encoder;
    private final List<LabeledText> test;
    private final float[][] testVectors;

    FrozenHeads(TextEncoder encoder, List<LabeledText> test) {
        this.encoder = encoder;
        this.test = test;
        this.testVectors = vectors(test);
    }

    double headOnly(List<LabeledText> train, List<LabeledText> validation) {
        TextClassifier head = TextClassifier.builder(encoder).headOnly().build().fit(train, validation);
        double accuracy = head.evaluate(test).accuracy();
        head.close();
        return accuracy;
    }

    /** Tribuo's logistic regression, its cost chosen on the validation part. */
    double libLinear(List<LabeledText> train, List<LabeledText> validation) {
        List<String> found = LogisticRegression.fit(
                        vectors(train), labels(train), vectors(validation), labels(validation))
                .predict(testVectors);
        List<String> truth = labels(test);
        long right = IntStream.range(0, truth.size())
                .filter(i -> truth.get(i).equals(found.get(i)))
                .count();
        return (double) right / truth.size();
    }

    private static List<String> labels(List<LabeledText> questions) {
        return questions.stream().map(question -> question.labels().get(0)).toList();
    }

    private float[][] vectors(List<LabeledText> questions) {
        return encoder.embed(questions.stream().map(LabeledText::text).toList());
    }
}
