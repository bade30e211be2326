/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.lora4j.text.FitReport;
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

/**
 * BANKING77 from ten questions of each intent: LoRA against a head alone, and against LibLinear on the vectors of the frozen
 * encoder. Everything is chosen on five further questions of each intent; training questions that are among the test
 * questions, too, are left out.
 */
final class BankingQuestions {

    private static final int SHOTS = 10;
    private static final int VALIDATED = 5;
    private static final double[] COSTS = {1, 10, 100, 1000};
    private static final double TOLERANCE = 1e-3;

    private final TextEncoder encoder;
    private final List<LabeledText> pool;
    private final List<LabeledText> test;
    private final MutableDataset<Label> testVectors;

    /** What a draw gave: shares of the test questions told right. */
    record Draw(double libLinear, double headOnly, double lora, FitReport report) {}

    BankingQuestions(TextEncoder encoder, List<LabeledText> train, List<LabeledText> test) {
        this.encoder = encoder;
        this.test = test;
        this.testVectors = vectors(test);
        Set<String> recurring = new HashSet<>();
        test.forEach(question -> recurring.add(plain(question)));
        this.pool = train.stream()
                .filter(question -> !recurring.contains(plain(question)))
                .toList();
    }

    private static String plain(LabeledText question) {
        return question.text().strip().toLowerCase(Locale.ROOT);
    }

    Draw draw(long seed) {
        List<LabeledText> train = new ArrayList<>();
        List<LabeledText> validation = new ArrayList<>();
        draw(seed, train, validation);
        TextClassifier head = TextClassifier.builder(encoder).headOnly().build().fit(train, validation);
        double headOnly = head.evaluate(test).accuracy();
        double libLinear = libLinear(train, validation);
        // The whole of what a user writes.
        TextClassifier classifier =
                TextClassifier.builder(encoder).seed(seed).build().fit(train, validation);
        double lora = classifier.evaluate(test).accuracy();
        FitReport report = classifier.report();
        classifier.close();
        head.close();
        return new Draw(libLinear, headOnly, lora, report);
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

    /** Tribuo's logistic regression, its cost chosen on the validation part. */
    private double libLinear(List<LabeledText> train, List<LabeledText> validation) {
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
