/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.tribuo;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.DoubleFunction;
import org.lora4j.integration.datasets.Banking77;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.tribuo.LoraModel;
import org.lora4j.tribuo.LoraSpec;
import org.lora4j.tribuo.LoraTrainer;
import org.lora4j.tribuo.Schedule;
import org.lora4j.tribuo.output.LabelConverter;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.Prediction;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.evaluation.LabelEvaluator;
import org.tribuo.data.text.impl.BasicPipeline;
import org.tribuo.transform.TransformTrainer;
import org.tribuo.transform.TransformationMap;
import org.tribuo.transform.transformations.IDFTransformation;
import org.tribuo.util.tokens.universal.UniversalTokenizer;

/** Which of 77 things a bank is asked, from ten questions of each. */
final class BankingTask {

    private static final String TASK = "banking77";
    private static final int SHOTS = 10;
    private static final int VALIDATED = 5;

    private final Encoder encoder;
    private final int epochs;
    private final Consumer<String> out;
    private final Pages pages;
    private final List<LabeledText> pool;
    private final List<LabeledText> test;

    BankingTask(Banking77 banking, Encoder encoder, int epochs, Consumer<String> out, Pages pages) throws IOException {
        this.encoder = encoder;
        this.epochs = epochs;
        this.out = out;
        this.pages = pages;
        this.pool = banking.train();
        this.test = banking.test();
        encoder.encode(test, out);
    }

    /** What one draw of training questions gave; shares of the questions told right. */
    record Draw(double words, double frozen, double lora, long linear, long learned) {}

    private List<LabeledText> train(long seed) {
        return LabeledText.draw(pool, SHOTS, seed);
    }

    /** Questions to choose settings by, of the published training part, none of which is learned from. */
    private List<LabeledText> validation(long seed) {
        Set<LabeledText> learned = new HashSet<>(train(seed));
        return LabeledText.draw(
                pool.stream().filter(text -> !learned.contains(text)).toList(), VALIDATED, seed + 1);
    }

    /** Encodes what the draws need. */
    void encode(long seed) {
        encoder.encode(train(seed), out);
        encoder.encode(validation(seed), out);
    }

    /** Trains on one draw; the model of the first has a page. */
    Draw draw(long seed, boolean first) {
        List<LabeledText> train = train(seed);
        List<LabeledText> validation = validation(seed);
        LabelFactory factory = new LabelFactory();
        Dataset<Label> vectors = encoder.vectors(train, factory);
        double frozen =
                linear(vectors, encoder.vectors(validation, factory), encoder.vectors(test, factory), Choice::logistic);
        BasicPipeline words = new BasicPipeline(new UniversalTokenizer(), 2);
        TransformationMap idf = new TransformationMap(List.of(new IDFTransformation()));
        double bag = linear(
                Encoder.data("words", train, words, factory),
                Encoder.data("words", validation, words, factory),
                Encoder.data("words", test, words, factory),
                cost -> new TransformTrainer<>(Choice.logistic(cost), idf, false, true));
        out.accept(
                String.format(Locale.ROOT, "banking77, seed %d: words %.4f, frozen encoder %.4f", seed, bag, frozen));

        LoraModel<Label> model = trainer(seed).train(encoder.tokens(train, factory));
        double lora = accuracy(model, encoder.tokens(test, factory));
        out.accept(String.format(
                Locale.ROOT,
                "banking77, seed %d: LoRA %.4f (validation %.4f)",
                seed,
                lora,
                accuracy(model, encoder.tokens(validation, factory))));
        if (first) {
            pages.write(TASK, page(model, encoder.tokens(test, factory)));
            pages.receipt(TASK, model);
        }
        long weights =
                (vectors.getFeatureMap().size() + 1L) * vectors.getOutputInfo().size();
        return new Draw(bag, frozen, lora, weights, model.adapterParameterCount());
    }

    private TrainingReport page(LoraModel<Label> model, Dataset<Label> questions) {
        List<String> truth = new ArrayList<>();
        List<Map<String, Double>> scores = new ArrayList<>();
        for (Prediction<Label> prediction : model.predict(questions)) {
            Map<String, Double> ofLabels = new HashMap<>();
            prediction.getOutputScores().forEach((name, label) -> ofLabels.put(name, label.getScore()));
            truth.add(prediction.getExample().getOutput().getLabel());
            scores.add(ofLabels);
        }
        return TrainingReport.of(model.training().orElseThrow())
                .with(PredictedLabels.of(truth, scores)
                        .withTexts(test.stream().map(LabeledText::text).toList()));
    }

    private LoraTrainer<Label> trainer(long seed) {
        return LoraTrainer.builder(encoder.base(), new LabelConverter())
                .inputs(encoder.inputs())
                .spec(new LoraSpec(8, 16))
                .learningRate(1e-3)
                .headLearningRate(7e-2)
                .weightDecay(0.01)
                .schedule(Schedule.LINEAR)
                .warmupFraction(0.06)
                .batchSize(16)
                .epochs(epochs)
                .loggingInterval(50)
                .seed(seed)
                .build();
    }

    private static double linear(
            Dataset<Label> train,
            Dataset<Label> validation,
            Dataset<Label> test,
            DoubleFunction<Trainer<Label>> trainer) {
        Model<Label> best = Choice.best(trainer, train, model -> accuracy(model, validation));
        return accuracy(best, test);
    }

    private static double accuracy(Model<Label> model, Dataset<Label> data) {
        return new LabelEvaluator().evaluate(model, data).accuracy();
    }

    static List<Figure> figures(List<Draw> draws) {
        List<Double> words = new ArrayList<>();
        List<Double> frozen = new ArrayList<>();
        List<Double> lora = new ArrayList<>();
        draws.forEach(draw -> {
            words.add(draw.words());
            frozen.add(draw.frozen());
            lora.add(draw.lora());
        });
        Draw first = draws.get(0);
        String measure = "accuracy";
        return List.of(
                new Figure(TASK, "words and pairs (IDF), linear", measure, words, 0),
                new Figure(TASK, "frozen encoder, linear", measure, frozen, first.linear()),
                new Figure(TASK, "LoRA", measure, lora, first.learned()));
    }
}
