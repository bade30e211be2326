/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.text;

import java.util.List;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.LabeledTexts;
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
                        vectors(train),
                        LabeledTexts.labels(train),
                        vectors(validation),
                        LabeledTexts.labels(validation))
                .predict(testVectors);
        return Comparison.share(LabeledTexts.labels(test), found);
    }

    private float[][] vectors(List<LabeledText> questions) {
        return encoder.embed(LabeledTexts.texts(questions));
    }
}
