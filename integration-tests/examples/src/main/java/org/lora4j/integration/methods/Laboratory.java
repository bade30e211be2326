/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.methods;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.lora4j.Lora;
import org.lora4j.config.AdapterConfig;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.integration.demonstration.Accuracy;
import org.lora4j.integration.demonstration.Evidence;
import org.lora4j.integration.demonstration.ProcessorTime;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.retention.RetentionProbe;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.ParameterGroup;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Warmup;
import org.lora4j.trust.Preflight;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Trains MiniLM with a method and measures what came of it. */
final class Laboratory {

    private static final double HEAD_RATE = 3e-2;
    private static final Warmup WARM_UP = Warmup.fraction(0.06);
    /** Texts of which it is asked what the base still knows. */
    private static final int ELSEWHERE = 500;

    /** The draw that pages are on. */
    private static final long PAGED = 1;

    private final EncoderWeights weights = MiniLm.weights();
    private final LengthBuckets elsewhere;
    private final RetentionProbe probe;
    private final Path folder;
    private final MethodPages pages;
    private final Consumer<String> out;

    Laboratory(TextTokenizer tokenizer, Path folder, Consumer<String> out) throws IOException {
        this.folder = folder;
        this.pages = new MethodPages(folder);
        this.out = out;
        List<TextExample> glosses = WordNetGlosses.verbs(1).heldOut();
        int classes = WordNetGlosses.verbCategories().size();
        this.elsewhere = LengthBuckets.of(
                glosses.subList(0, Math.min(ELSEWHERE, glosses.size())), tokenizer, classes, ELSEWHERE);
        this.probe = RetentionProbe.builder(features(Lora.executor(classifier(2, 1))))
                .build();
    }

    private SameDiff classifier(int classes, long seed) {
        return EncoderClassifier.create(weights, Pooling.MEAN, classes, seed).graph();
    }

    /** One training from the pretrained weights. With no more than {@code toBeat} right in validation it is not tested. */
    Trial train(Problem problem, MethodChoice method, double rate, long seed, double toBeat) throws IOException {
        AdapterConfig config = method.forSteps(
                        problem.epochs() * problem.training().batchesPerEpoch())
                .modulesToSave(EncoderClassifier.HEAD)
                .baseModelName(MiniLm.NAME)
                .taskType("SEQ_CLS")
                .build();
        AdaptedSameDiff model = Lora.inject(classifier(problem.classes(), seed), config, seed);
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(problem.epochs())
                .optimizer(AdamW.of(rate))
                .group(ParameterGroup.matchingModule(EncoderClassifier.HEAD).withLearningRate(HEAD_RATE))
                .schedule(LearningRateSchedule.linear(WARM_UP))
                .seed(seed)
                .build();
        double before = ProcessorTime.seconds();
        Trainer trainer = Trainer.builder(model).plan(plan).build();
        Preflight found = trainer.preflight();
        found.require("example-methods");
        TrainingResult result = trainer.train(problem.training().batches());
        double step = 1000 * (ProcessorTime.seconds() - before) / result.steps();
        GraphExecutor executor = model.executor();
        Path saved = folder.resolve(problem.name().replaceAll("\\W+", "-") + "-" + method + "-" + seed);
        model.adapter("default").save(saved);
        long head = model.trainableParameters().stream()
                .filter(parameter -> parameter.module().equals(EncoderClassifier.HEAD))
                .mapToLong(parameter -> parameter.value().length())
                .sum();
        long all = model.trainableParameters().stream()
                .mapToLong(parameter -> parameter.value().length())
                .sum();
        double validation = Accuracy.of(executor, problem.validation());
        boolean tested = validation > toBeat;
        Trial trial = new Trial(
                problem.name(),
                method.name(),
                rate,
                seed,
                validation,
                tested ? Accuracy.of(executor, problem.test()) : Double.NaN,
                all - head,
                step,
                ReportFile.bytes(saved),
                tested ? probe.measure(method.name(), features(executor)).neighborOverlap() : Double.NaN);
        if (tested && seed == PAGED) {
            pages.add(problem, trial, result, executor);
            Evidence.preflight(out, found);
            Evidence.receipt(out, saved);
        }
        out.accept(String.format(
                Locale.ROOT,
                "%s: %s, rate %.0e, seed %d: validation %.4f, test %.4f, processor time of a step %.0f ms",
                trial.problem(),
                trial.method(),
                rate,
                seed,
                trial.validation(),
                trial.test(),
                trial.processorMilliseconds()));
        return trial;
    }

    private INDArray features(GraphExecutor executor) {
        List<INDArray> rows = new ArrayList<>();
        for (Iterator<EncodedBatch> batches = elsewhere.inOrder(); batches.hasNext(); ) {
            Map<String, INDArray> texts = new HashMap<>(batches.next().placeholders());
            texts.remove(EncoderClassifier.LABELS);
            rows.add(executor.output(texts, List.of(EncoderGraph.POOLED)).get(EncoderGraph.POOLED));
        }
        return Nd4j.concat(0, rows.toArray(INDArray[]::new));
    }
}
