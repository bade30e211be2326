/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tribuo.Feature;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.Prediction;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.evaluation.LabelEvaluator;
import org.tribuo.classification.liblinear.LibLinearClassificationTrainer;
import org.tribuo.classification.liblinear.LinearClassificationType;
import org.tribuo.classification.liblinear.LinearClassificationType.LinearType;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/** A baseline without any change of the encoder: Tribuo's LibLinear over its vectors, the cost chosen on validation vectors. */
public final class LogisticRegression {

    private static final double[] COSTS = {1, 10, 100, 1000};
    private static final double TOLERANCE = 1e-3;

    private final Model<Label> model;

    private LogisticRegression(Model<Label> model) {
        this.model = model;
    }

    /**
     * Learns, with higher and higher costs as long as the validation vectors are told no worse.
     *
     * @param train a vector for each example, all of the same length
     * @param labels the label of each
     * @param validation vectors to choose the cost with
     * @param validationLabels their labels
     * @return what was learned
     */
    public static LogisticRegression fit(
            float[][] train, List<String> labels, float[][] validation, List<String> validationLabels) {
        MutableDataset<Label> learned = examples(train, labels);
        MutableDataset<Label> held = examples(validation, validationLabels);
        LinearClassificationType logistic = new LinearClassificationType(LinearType.L2R_LR);
        Model<Label> best = null;
        double bestAccuracy = -1;
        for (double cost : COSTS) {
            Model<Label> model = new LibLinearClassificationTrainer(logistic, cost, TOLERANCE).train(learned);
            double accuracy = new LabelEvaluator().evaluate(model, held).accuracy();
            if (accuracy < bestAccuracy) {
                // What a higher cost fits is chance, and takes the longest by far.
                break;
            }
            if (accuracy > bestAccuracy) {
                bestAccuracy = accuracy;
                best = model;
            }
        }
        return new LogisticRegression(best);
    }

    /**
     * The most probable labels.
     *
     * @param vectors a vector for each example
     * @return a label for each
     */
    public List<String> predict(float[]... vectors) {
        List<String> labels = new ArrayList<>();
        for (Prediction<Label> prediction : predictions(vectors)) {
            labels.add(prediction.getOutput().getLabel());
        }
        return labels;
    }

    /**
     * Probabilities of all labels.
     *
     * @param vectors a vector for each example
     * @return for each a probability by label
     */
    public List<Map<String, Double>> scores(float[]... vectors) {
        List<Map<String, Double>> scores = new ArrayList<>();
        for (Prediction<Label> prediction : predictions(vectors)) {
            Map<String, Double> own = new HashMap<>();
            prediction.getOutputScores().forEach((label, output) -> own.put(label, output.getScore()));
            scores.add(own);
        }
        return scores;
    }

    private List<Prediction<Label>> predictions(float[]... vectors) {
        List<String> unknown = new ArrayList<>();
        for (int i = 0; i < vectors.length; i++) {
            unknown.add(Label.UNKNOWN);
        }
        return model.predict(examples(vectors, unknown));
    }

    private static MutableDataset<Label> examples(float[][] vectors, List<String> labels) {
        LabelFactory factory = new LabelFactory();
        MutableDataset<Label> data = new MutableDataset<>(new SimpleDataSourceProvenance("vectors", factory), factory);
        String[] names = new String[vectors.length == 0 ? 0 : vectors[0].length];
        Arrays.setAll(names, j -> String.format(Locale.ROOT, "v%05d", j));
        for (int i = 0; i < vectors.length; i++) {
            List<Feature> features = new ArrayList<>();
            for (int j = 0; j < vectors[i].length; j++) {
                features.add(new Feature(names[j], vectors[i][j]));
            }
            // All at once: ArrayExample.add sorts what is there for every feature that comes.
            data.add(new ArrayExample<>(new Label(labels.get(i)), features));
        }
        return data;
    }
}
