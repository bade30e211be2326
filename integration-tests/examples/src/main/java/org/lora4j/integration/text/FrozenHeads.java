/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.tribuo.Feature;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.evaluation.LabelEvaluator;
import org.tribuo.classification.liblinear.LibLinearClassificationTrainer;
import org.tribuo.classification.liblinear.LinearClassificationType;
import org.tribuo.classification.liblinear.LinearClassificationType.LinearType;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/** Two classifiers over the vectors of a frozen encoder: accuracy on test texts, with everything chosen on validation texts. */
final class FrozenHeads {

    private static final double[] COSTS = {1, 10, 100, 1000};
    private static final double TOLERANCE = 1e-3;

    private final TextEncoder encoder;
    private final List<LabeledText> test;
    private final MutableDataset<Label> testVectors;

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
        MutableDataset<Label> data = vectors(train);
        MutableDataset<Label> held = vectors(validation);
        LinearClassificationType logistic = new LinearClassificationType(LinearType.L2R_LR);
        Model<Label> best = null;
        double bestAccuracy = -1;
        for (double cost : COSTS) {
            Model<Label> model = new LibLinearClassificationTrainer(logistic, cost, TOLERANCE).train(data);
            double accuracy = new LabelEvaluator().evaluate(model, held).accuracy();
            if (accuracy > bestAccuracy) {
                bestAccuracy = accuracy;
                best = model;
            }
        }
        return new LabelEvaluator().evaluate(best, testVectors).accuracy();
    }

    private MutableDataset<Label> vectors(List<LabeledText> questions) {
        LabelFactory factory = new LabelFactory();
        MutableDataset<Label> data = new MutableDataset<>(new SimpleDataSourceProvenance("vectors", factory), factory);
        float[][] vectors =
                encoder.embed(questions.stream().map(LabeledText::text).toList());
        String[] names = new String[encoder.dimension()];
        Arrays.setAll(names, j -> String.format(Locale.ROOT, "v%03d", j));
        for (int i = 0; i < vectors.length; i++) {
            List<Feature> features = new ArrayList<>();
            for (int j = 0; j < vectors[i].length; j++) {
                features.add(new Feature(names[j], vectors[i][j]));
            }
            // All at once: ArrayExample.add sorts what is there for every feature that comes.
            data.add(new ArrayExample<>(new Label(questions.get(i).labels().get(0)), features));
        }
        return data;
    }
}
