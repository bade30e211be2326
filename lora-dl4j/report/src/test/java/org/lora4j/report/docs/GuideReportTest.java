/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.interpret.DataInf;
import org.lora4j.interpret.IntegratedGradients;
import org.lora4j.interpret.IntruderDimensions;
import org.lora4j.interpret.UpdateReport;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LmExample;
import org.lora4j.language.LmFitReport;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.SampleListener;
import org.lora4j.report.TextSample;
import org.lora4j.report.TrainingReport;
import org.lora4j.report.WorstExamples;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.lora4j.train.Batches;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The examples of {@code docs/report.md}. */
class GuideReportTest {

    @TempDir
    private Path folder;

    @Test
    void classifier() throws IOException {
        TextEncoder encoder = TinyEncoder.create();
        List<LabeledText> train = TinyEncoder.reviews(40, 1);
        List<LabeledText> test = TinyEncoder.reviews(12, 2);
        Path file = folder.resolve("report.html");
        // begin
        TextClassifier classifier = TextClassifier.builder(encoder).build().fit(train);
        List<String> texts = test.stream().map(LabeledText::text).toList();
        TrainingReport.of(classifier.report())
                .with(PredictedLabels.ofTexts(test, classifier.predict(texts)))
                .write(file);
        // end
        assertThat(file).content().contains("Confusion", "Calibration", "Coverage");
    }

    @Test
    void everything() throws IOException {
        TextEncoder encoder = TinyEncoder.create();
        List<LabeledText> train = TinyEncoder.reviews(40, 1);
        List<LabeledText> test = TinyEncoder.reviews(12, 2);
        List<String> texts = test.stream().map(LabeledText::text).toList();
        TextClassifier classifier = TextClassifier.builder(encoder)
                .epochs(2)
                .validationFraction(0)
                .build()
                .fit(train);
        Path file = folder.resolve("report.html");
        // begin
        ModelWeights base = ModelWeights.of(classifier.model());
        PredictedLabels answers = PredictedLabels.ofTexts(test, classifier.predict(texts));
        TrainingReport report = TrainingReport.of(classifier.report())
                .withTitle("Film reviews")
                .with(DataAdvisor.builder().build().examine(encoder, train), train)
                .with(classifier.adapter().config())
                .with(answers)
                .with(UpdateReport.of(classifier.adapter(), base))
                .with(IntruderDimensions.of(classifier.adapter()).on(base))
                .with(DataInf.of(classifier, train).on(test), LabeledText::text)
                .withLicences(Map.of("film reviews", "CC0"));
        for (int worst : answers.worst(3)) {
            report = report.with(IntegratedGradients.of(classifier).explain(texts.get(worst)));
        }
        report.write(file);

        double error = answers.calibrationError();
        double accuracy = answers.accuracyAt(0.9); // of the surest 90 %; a person answers the others
        double threshold = answers.thresholdAt(0.9);
        assertThat(List.of(error, accuracy, threshold)).allMatch(value -> value >= 0 && value <= 1);
        // end
        assertThat(file).content().contains("What changed where", "Influential examples", "film reviews");
    }

    @Test
    void languageModel() throws IOException {
        CausalLm model = CausalLm.load(Path.of("../language/src/test/resources/language/models/stories260k"));
        List<LmExample> train = List.of(
                LmExample.text("Tom had a red ball. He was happy."), LmExample.text("Lily had a cat. It was big."));
        List<LmExample> validation = List.of(LmExample.text("Tom had a cat."));
        Path file = folder.resolve("report.html");
        // begin
        SampleListener samples = SampleListener.of(model, GenerationConfig.greedy(30), "Once upon a time");
        LmFitReport fit =
                CausalLmTrainer.builder(model).listener(samples).build().fit(train, validation);
        TrainingReport.of(fit).withSamples(samples.samples()).write(file);
        // end
        assertThat(samples.samples()).hasSize(4).extracting(TextSample::epoch).containsExactly(0, 1, 2, 3);
        assertThat(file).content().contains("What the model writes", "Lily");
    }

    @Test
    void worstExamples() throws IOException {
        TextEncoder encoder = TinyEncoder.create();
        List<LabeledText> train = TinyEncoder.reviews(40, 1);
        Path file = folder.resolve("report.html");
        // begin
        WorstExamples worst = WorstExamples.of(5);
        TextClassifier classifier =
                TextClassifier.builder(encoder).listener(worst).build().fit(train);
        TrainingReport.of(classifier.report()).withWorst(worst.examples()).write(file);
        // end
        assertThat(worst.examples()).isNotEmpty();
        assertThat(file).content().contains("farthest off");
    }

    @Test
    void network() throws IOException {
        INDArray rows = Nd4j.create(IntStream.range(0, 80)
                .mapToObj(i -> new double[] {i % 8, (i * 3) % 7})
                .toArray(double[][]::new));
        INDArray labels = Nd4j.create(IntStream.range(0, 80)
                .mapToObj(i -> i % 8 < 4 ? new double[] {1, 0} : new double[] {0, 1})
                .toArray(double[][]::new));
        DataSetIterator train = new ListDataSetIterator<>(new DataSet(rows, labels).asList(), 16);
        DataSetIterator test = new ListDataSetIterator<>(new DataSet(rows, labels).asList(), 16);
        MultiLayerNetwork base = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .list()
                .layer(new DenseLayer.Builder().nIn(2).nOut(8).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(8)
                        .nOut(2)
                        .build())
                .build());
        base.init();
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(base);
        model.addAdapter(
                "default",
                LoraConfig.builder()
                        .rank(2)
                        .targetModules(ModuleSelector.allLinear())
                        .build(),
                5);
        model.activate("default");
        Path file = folder.resolve("report.html");
        // begin
        DataSetPlaceholders names = DataSetPlaceholders.of("input", "labels");
        TrainingPlan plan = TrainingPlan.builder().epochs(3).seed(7).build();
        TrainingResult result =
                Trainer.builder(model.trainable(names)).plan(plan).build().train(Batches.of(train, names));
        TrainingReport.of(result)
                .with(model.network().evaluate(test))
                .with(UpdateReport.of(model.adapter("default"), ModelWeights.of(model)))
                .with(model.parameterSummary())
                .write(file);
        // end
        assertThat(file).content().contains("Confusion", "Changed weights", "numbers that learn");
    }

    @Test
    void comparison() throws IOException {
        double[] truth = {1, 2, 3};
        Path first = folder.resolve("first.json");
        TrainingReport.titled("one epoch")
                .withNumbers(truth, new double[] {1, 2, 4})
                .write(first);
        TrainingReport second = TrainingReport.titled("two epochs").withNumbers(truth, new double[] {1, 2, 3});
        Path file = folder.resolve("comparison.html");
        // begin
        TrainingReport.compare(List.of(TrainingReport.read(first), second)).write(file);
        // end
        assertThat(file).content().contains("Comparison of one epoch, two epochs", "example by example");
    }
}
