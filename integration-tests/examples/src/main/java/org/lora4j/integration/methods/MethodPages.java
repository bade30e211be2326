/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.methods;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.train.TrainingResult;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * What each method did with the first draw, side by side on a page. A method's part of it lies in a file until all are there, as a
 * comparison goes on where it stopped.
 *
 * @param folder where the files are
 */
record MethodPages(Path folder) {

    private Path file(String problem, String method) {
        return folder.resolve((problem + "-" + method).replaceAll("\\W+", "-") + ".json");
    }

    /** Keeps what a training did. */
    void add(Problem problem, Trial trial, TrainingResult result, GraphExecutor executor) throws IOException {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("method", trial.method());
        settings.put("learning rate", trial.rate());
        settings.put("numbers that learn, without the head", trial.parameters());
        TrainingReport.of(result)
                .withTitle(trial.method())
                .withSettings(settings)
                .withCost(Map.of(
                        "processor time of a step in ms", trial.processorMilliseconds(), "bytes saved", trial.bytes()))
                .with(answers(problem, executor))
                .overwrite(file(problem.name(), trial.method()));
    }

    private static PredictedLabels answers(Problem problem, GraphExecutor executor) {
        List<Integer> truth = new ArrayList<>();
        List<double[]> probabilities = new ArrayList<>();
        for (Iterator<EncodedBatch> batches = problem.test().inOrder(); batches.hasNext(); ) {
            EncodedBatch batch = batches.next();
            INDArray logits = executor.output(batch.placeholders(), List.of(EncoderClassifier.LOGITS))
                    .get(EncoderClassifier.LOGITS);
            probabilities.addAll(List.of(Transforms.softmax(logits, true).toDoubleMatrix()));
            IntStream.of(batch.labels().argMax(1).toIntVector()).forEach(truth::add);
        }
        return PredictedLabels.of(
                problem.labels(),
                truth.stream().mapToInt(number -> number).toArray(),
                probabilities.toArray(double[][]::new));
    }

    /** Writes the page of a problem; nothing if no method has been tried yet. */
    Optional<Path> write(String problem, List<MethodChoice> methods) throws IOException {
        List<TrainingReport> reports = new ArrayList<>();
        for (MethodChoice method : methods) {
            Path file = file(problem, method.name());
            if (Files.exists(file)) {
                reports.add(TrainingReport.read(file));
            }
        }
        if (reports.isEmpty()) {
            return Optional.empty();
        }
        TrainingReport all = reports.size() == 1 ? reports.get(0) : TrainingReport.compare(reports);
        return Optional.of(all.overwrite(folder.resolve(problem.replaceAll("\\W+", "-") + ".html")));
    }
}
