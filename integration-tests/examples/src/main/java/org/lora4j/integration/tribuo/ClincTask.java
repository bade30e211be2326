/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.tribuo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.report.PredictedLabelSets;
import org.lora4j.report.TrainingReport;
import org.lora4j.text.Prediction;
import org.lora4j.tribuo.LoraModel;
import org.lora4j.tribuo.LoraSpec;
import org.lora4j.tribuo.LoraTrainer;
import org.lora4j.tribuo.Schedule;
import org.lora4j.tribuo.output.MultiLabelConverter;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.classification.Label;
import org.tribuo.multilabel.MultiLabel;
import org.tribuo.multilabel.MultiLabelFactory;
import org.tribuo.multilabel.baseline.IndependentMultiLabelTrainer;
import org.tribuo.multilabel.evaluation.MultiLabelEvaluation;
import org.tribuo.multilabel.evaluation.MultiLabelEvaluator;

/** Which of ten domains one to three requests in a row are about. */
final class ClincTask {

    private static final String TASK = "clinc150";

    private final Encoder encoder;
    private final int epochs;
    private final Consumer<String> out;
    private final Pages pages;
    private final List<LabeledText> train;
    private final List<LabeledText> validation;
    private final List<LabeledText> test;

    ClincTask(Clinc150 clinc, Encoder encoder, int epochs, long seed, Consumer<String> out, Pages pages) {
        this.encoder = encoder;
        this.epochs = epochs;
        this.out = out;
        this.pages = pages;
        train = Clinc150.joined(clinc.train(), seed);
        validation = Clinc150.joined(clinc.validation(), seed);
        test = Clinc150.joined(clinc.test(), seed);
        encoder.encode(train, out);
        encoder.encode(validation, out);
        encoder.encode(test, out);
    }

    List<Figure> run(long seed) {
        MultiLabelFactory factory = new MultiLabelFactory();
        Dataset<MultiLabel> vectors = encoder.vectors(train, factory);
        Dataset<MultiLabel> held = encoder.vectors(validation, factory);
        Model<MultiLabel> linear = Choice.best(
                cost -> new IndependentMultiLabelTrainer(Choice.logistic(cost)),
                vectors,
                model -> evaluation(model, held).microAveragedF1());
        MultiLabelEvaluation frozen = evaluation(linear, encoder.vectors(test, factory));
        out.accept(String.format(
                Locale.ROOT,
                "clinc150: frozen encoder F1 %.4f micro, %.4f macro",
                frozen.microAveragedF1(),
                frozen.macroAveragedF1()));

        LoraModel<MultiLabel> model = trainer(seed).train(encoder.tokens(train, factory));
        Dataset<MultiLabel> requests = encoder.tokens(test, factory);
        MultiLabelEvaluation lora = evaluation(model, requests);
        pages.write(TASK, page(model, requests));
        pages.receipt(TASK, model);
        out.accept(String.format(
                Locale.ROOT,
                "clinc150: LoRA F1 %.4f micro, %.4f macro (validation %.4f micro)",
                lora.microAveragedF1(),
                lora.macroAveragedF1(),
                evaluation(model, encoder.tokens(validation, factory)).microAveragedF1()));
        long weights =
                (vectors.getFeatureMap().size() + 1L) * vectors.getOutputInfo().size();
        String linearName = "frozen encoder, linear";
        return List.of(
                new Figure(TASK, linearName, "micro F1", List.of(frozen.microAveragedF1()), weights),
                new Figure(TASK, "LoRA", "micro F1", List.of(lora.microAveragedF1()), model.adapterParameterCount()),
                new Figure(TASK, linearName, "macro F1", List.of(frozen.macroAveragedF1()), weights),
                new Figure(TASK, "LoRA", "macro F1", List.of(lora.macroAveragedF1()), model.adapterParameterCount()));
    }

    private TrainingReport page(LoraModel<MultiLabel> model, Dataset<MultiLabel> requests) {
        List<Set<String>> truth = new ArrayList<>();
        List<Prediction> predictions = new ArrayList<>();
        for (org.tribuo.Prediction<MultiLabel> prediction : model.predict(requests)) {
            Map<String, Double> scores = new HashMap<>();
            prediction
                    .getOutputScores()
                    .forEach((name, label) -> scores.put(
                            name, label.getLabelScore(new Label(name)).orElseThrow()));
            truth.add(prediction.getExample().getOutput().getNameSet());
            predictions.add(new Prediction(List.copyOf(prediction.getOutput().getNameSet()), scores));
        }
        return TrainingReport.of(model.training().orElseThrow())
                .with(PredictedLabelSets.of(truth, predictions)
                        .withTexts(test.stream().map(LabeledText::text).toList()));
    }

    private LoraTrainer<MultiLabel> trainer(long seed) {
        return LoraTrainer.builder(encoder.base(), new MultiLabelConverter())
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

    private static MultiLabelEvaluation evaluation(Model<MultiLabel> model, Dataset<MultiLabel> data) {
        return new MultiLabelEvaluator().evaluate(model, data);
    }
}
