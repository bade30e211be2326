/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.fit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.ShuffledIndices;
import org.tribuo.Example;
import org.tribuo.Feature;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.liblinear.LibLinearClassificationTrainer;
import org.tribuo.classification.liblinear.LinearClassificationType;
import org.tribuo.classification.liblinear.LinearClassificationType.LinearType;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/** Tribuo's LibLinear on the vectors of the frozen encoder; the cost is chosen by cross-validation in three parts. */
final class LogisticRegression {

    private static final double[] COSTS = {1, 10, 100, 1000};
    private static final int PARTS = 3;
    private static final double TOLERANCE = 1e-2;

    private final TextEncoder encoder;
    private final String[] names;

    LogisticRegression(TextEncoder encoder) {
        this.encoder = encoder;
        this.names = new String[encoder.dimension()];
        Arrays.setAll(names, j -> String.format(Locale.ROOT, "v%03d", j));
    }

    Learned fit(List<LabeledText> train, long seed) {
        float[][] vectors = encoder.embed(train.stream().map(LabeledText::text).toList());
        int[] order = ShuffledIndices.of(vectors.length, seed, 0);
        double cost = COSTS[0];
        int most = -1;
        for (double tried : COSTS) {
            int right = 0;
            for (int part = 0; part < PARTS; part++) {
                Model<Label> model = model(train, vectors, order, part, tried);
                for (int i = part; i < order.length; i += PARTS) {
                    right += train.get(order[i]).labels().contains(label(model, vectors[order[i]])) ? 1 : 0;
                }
            }
            if (right > most) {
                most = right;
                cost = tried;
            }
        }
        Model<Label> model = model(train, vectors, order, PARTS, cost);
        return new Learned(
                texts -> Arrays.stream(encoder.embed(texts))
                        .map(vector -> label(model, vector))
                        .toList(),
                String.format(Locale.ROOT, "C %.0f", cost));
    }

    /** Of all examples but those of a part. */
    private Model<Label> model(List<LabeledText> train, float[][] vectors, int[] order, int without, double cost) {
        LabelFactory factory = new LabelFactory();
        MutableDataset<Label> data = new MutableDataset<>(new SimpleDataSourceProvenance("vectors", factory), factory);
        for (int i = 0; i < order.length; i++) {
            if (i % PARTS != without) {
                String label = train.get(order[i]).labels().get(0);
                data.add(example(new Label(label), vectors[order[i]]));
            }
        }
        return new LibLinearClassificationTrainer(new LinearClassificationType(LinearType.L2R_LR), cost, TOLERANCE)
                .train(data);
    }

    private String label(Model<Label> model, float[] vector) {
        return model.predict(example(LabelFactory.UNKNOWN_LABEL, vector))
                .getOutput()
                .getLabel();
    }

    private Example<Label> example(Label label, float[] vector) {
        List<Feature> features = new ArrayList<>();
        for (int j = 0; j < vector.length; j++) {
            features.add(new Feature(names[j], vector[j]));
        }
        return new ArrayExample<>(label, features);
    }
}
