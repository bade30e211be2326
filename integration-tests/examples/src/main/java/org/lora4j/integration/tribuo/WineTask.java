/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.tribuo;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.lora4j.integration.datasets.WineQuality;
import org.lora4j.report.TrainingReport;
import org.lora4j.tribuo.LoraModel;
import org.lora4j.tribuo.LoraSpec;
import org.lora4j.tribuo.LoraTrainer;
import org.lora4j.tribuo.Schedule;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.RegressorConverter;
import org.tribuo.DataSource;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.MutableDataset;
import org.tribuo.Prediction;
import org.tribuo.evaluation.TrainTestSplitter;
import org.tribuo.regression.Regressor;
import org.tribuo.regression.evaluation.RegressionEvaluator;
import org.tribuo.transform.TransformationMap;
import org.tribuo.transform.TransformerMap;
import org.tribuo.transform.transformations.MeanStdDevTransformation;

/** A network that grades white wines learns to grade red ones with adapters. */
final class WineTask {

    private static final String TASK = "wine";
    private static final String MEASURE = "R2";
    private static final double TRAINED = 0.7;
    private static final double VALIDATED = 0.15;

    private final WineQuality wine;
    private final int baseEpochs;
    private final int epochs;
    private final Consumer<String> out;
    private final BiConsumer<String, TrainingReport> pages;

    private final List<Double> before = new ArrayList<>();
    private final List<Double> alone = new ArrayList<>();
    private final List<Double> adapted = new ArrayList<>();
    private final List<Double> white = new ArrayList<>();
    private long learned;
    private long parameters;

    WineTask(
            WineQuality wine,
            int baseEpochs,
            int epochs,
            Consumer<String> out,
            BiConsumer<String, TrainingReport> pages) {
        this.wine = wine;
        this.baseEpochs = baseEpochs;
        this.epochs = epochs;
        this.out = out;
        this.pages = pages;
    }

    /** A part to learn from, one to choose the epoch by, and one to test. */
    private record Parts(Dataset<Regressor> train, Dataset<Regressor> validation, Dataset<Regressor> test) {

        static Parts of(DataSource<Regressor> source, long seed) {
            TrainTestSplitter<Regressor> outer = new TrainTestSplitter<>(source, TRAINED, seed);
            TrainTestSplitter<Regressor> inner = new TrainTestSplitter<>(outer.getTrain(), 1 - VALIDATED, seed);
            return new Parts(
                    new MutableDataset<>(inner.getTrain()),
                    new MutableDataset<>(inner.getTest()),
                    new MutableDataset<>(outer.getTest()));
        }

        Parts scaled(TransformerMap scale) {
            return new Parts(
                    scale.transformDataset(train, true),
                    scale.transformDataset(validation, true),
                    scale.transformDataset(test, true));
        }
    }

    List<Figure> run(int draws, long seed) throws IOException {
        for (int draw = 0; draw < draws; draw++) {
            draw(seed + draw, draw == 0);
            out.accept(String.format(
                    Locale.ROOT,
                    "wine, draw %d of %d: R2 on red %.3f before, %.3f adapted, %.3f trained alone; on white %.3f",
                    draw + 1,
                    draws,
                    before.get(draw),
                    adapted.get(draw),
                    alone.get(draw),
                    white.get(draw)));
        }
        return List.of(
                new Figure(TASK, "white network on red", MEASURE, before, 0),
                new Figure(TASK, "LoRA on red", MEASURE, adapted, learned),
                new Figure(TASK, "network trained on red alone", MEASURE, alone, parameters),
                new Figure(TASK, "white network on white, unchanged", MEASURE, white, 0));
    }

    private void draw(long seed, boolean first) throws IOException {
        Parts whites = Parts.of(wine.white(), seed);
        TransformerMap scale =
                whites.train().createTransformers(new TransformationMap(List.of(new MeanStdDevTransformation())), true);
        whites = whites.scaled(scale);
        Parts reds = Parts.of(wine.red(), seed).scaled(scale);

        GradeNetwork network =
                GradeNetwork.train(whites.train().getData(), whites.validation().getData(), baseEpochs, seed);
        double[] untouched = network.grades(whites.test().getData());
        before.add(network.r2(reds.test().getData()));
        white.add(network.r2(whites.test().getData()));

        // Rate and epochs are those that were best on validation parts.
        LoraTrainer<Regressor> trainer = LoraTrainer.builder(
                        BaseNetwork.of(network.network()), new RegressorConverter())
                .inputs(new DenseInputConverter(WineQuality.FEATURES))
                .spec(new LoraSpec(8, 16))
                .learningRate(5e-3)
                .weightDecay(0.05)
                .schedule(Schedule.LINEAR)
                .batchSize(32)
                .epochs(epochs)
                .seed(seed)
                .build();
        LoraModel<Regressor> model = trainer.train(joined(reds));
        adapted.add(new RegressionEvaluator().evaluate(model, reds.test()).averageR2());
        if (first) {
            pages.accept(TASK, page(model, reds.test()));
            out.accept("receipt: " + model.receipt().orElseThrow());
        }
        learned = model.adapterParameterCount();
        parameters = network.network().numParams();
        if (!Arrays.equals(untouched, network.grades(whites.test().getData()))) {
            throw new IllegalStateException("wine: the white network changed; expected the grades it gave before.");
        }
        alone.add(GradeNetwork.train(reds.train().getData(), reds.validation().getData(), epochs, seed)
                .r2(reds.test().getData()));
    }

    private static TrainingReport page(LoraModel<Regressor> model, Dataset<Regressor> wines) {
        List<Prediction<Regressor>> predictions = model.predict(wines);
        return TrainingReport.of(model.training().orElseThrow())
                .withNumbers(
                        predictions.stream()
                                .mapToDouble(one -> one.getExample().getOutput().getValues()[0])
                                .toArray(),
                        predictions.stream()
                                .mapToDouble(one -> one.getOutput().getValues()[0])
                                .toArray());
    }

    private static Dataset<Regressor> joined(Parts reds) {
        MutableDataset<Regressor> all =
                new MutableDataset<>(reds.train().getProvenance(), reds.train().getOutputFactory());
        for (Example<Regressor> wine : reds.train()) {
            all.add(wine);
        }
        for (Example<Regressor> wine : reds.validation()) {
            all.add(wine);
        }
        return all;
    }
}
