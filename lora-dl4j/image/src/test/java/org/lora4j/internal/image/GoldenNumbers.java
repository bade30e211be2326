/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.lora4j.adapter.Adapter;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What Python computed from a model directory, with its tolerances, and what differs from it. */
public final class GoldenNumbers {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String NAME = "default";

    private final Path directory;
    private final JsonNode about;
    private final Map<String, INDArray> values;
    private final Function<Adapter, Map<String, INDArray>> inFile;
    private final List<String> problems = new ArrayList<>();

    /**
     * The numbers of a directory.
     *
     * @param directory of a model with golden.json
     * @param values the arrays of golden.safetensors
     * @param inFile the arrays of an adapter by the keys of its file
     * @throws IOException if golden.json cannot be read
     */
    public GoldenNumbers(Path directory, Map<String, INDArray> values, Function<Adapter, Map<String, INDArray>> inFile)
            throws IOException {
        this.directory = directory;
        this.about = JSON.readTree(directory.resolve("golden.json").toFile());
        this.values = values;
        this.inFile = inFile;
    }

    /** What golden.json says of them. */
    public JsonNode about() {
        return about;
    }

    /** The arrays; live. */
    public Map<String, INDArray> values() {
        return values;
    }

    /** What differs by more than its tolerance; live. */
    public List<String> problems() {
        return problems;
    }

    /** What a type of numbers may be off by; values of {@code golden.json}, with 1e-8 relative for DOUBLE. */
    public double tolerance(DataType type, String kind) {
        return type == DataType.DOUBLE
                ? about.at("/tolerance/float64/atol").asDouble()
                : about.at("/tolerance/float32/" + kind + "_atol").asDouble();
    }

    /** Compares an array with that of a key. */
    public void close(DataType type, String kind, String key, INDArray found) {
        INDArray expected = values.get(key);
        if (expected == null || !Arrays.equals(expected.shape(), found.shape())) {
            problems.add(type + " " + key + ": expected "
                    + (expected == null ? "nothing" : Arrays.toString(expected.shape())) + ", found "
                    + Arrays.toString(found.shape()));
            return;
        }
        double[] e = expected.castTo(DataType.DOUBLE).dup('c').data().asDouble();
        double[] f = found.castTo(DataType.DOUBLE).dup('c').data().asDouble();
        double worst = 0;
        for (int i = 0; i < e.length; i++) {
            double beyond = Math.abs(e[i] - f[i]) - (type == DataType.DOUBLE ? 1e-8 * Math.abs(e[i]) : 0);
            worst = Double.isNaN(beyond) ? Double.POSITIVE_INFINITY : Math.max(worst, beyond);
        }
        if (worst > tolerance(type, kind)) {
            problems.add(String.format(
                    Locale.ROOT, "%s %s is off by %.2e, allowed %.2e", type, key, worst, tolerance(type, kind)));
        }
    }

    /** The graph with the adapter of the directory. */
    public AdaptedSameDiff adapted(SameDiff graph) throws IOException {
        AdaptedSameDiff model = AdaptedSameDiff.of(graph);
        model.addAdapter(NAME, Adapter.load(directory.resolve("adapter")));
        model.activate(NAME);
        return model;
    }

    /** Compares loss and gradients of the adapter, then trains it as Python did, and compares what it has learned. */
    public List<Double> checkTraining(DataType type, AdaptedSameDiff model, Map<String, INDArray> batch) {
        model.setTrainable(NAME, true);
        LossAndGradients step = model.executor().gradients(batch, 1);
        close(type, "loss", "adapter.loss", Nd4j.createFromArray(step.loss()));
        exported(model, step.gradients())
                .forEach((key, gradient) -> close(type, "grad", "adapter.grad." + key, gradient));
        JsonNode settings = about.path("training");
        List<Double> losses = new ArrayList<>(Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .steps(settings.path("steps").asInt())
                        .optimizer(AdamW.of(settings.path("lr").asDouble())
                                .withWeightDecay(settings.path("weight_decay").asDouble()))
                        .decayBiasAndNorm(true)
                        .build())
                .build()
                .train(Batches.inOrder(List.of(Batch.of(batch, 1))))
                .losses());
        inFile.apply(model.adapter(NAME))
                .forEach((key, value) -> close(type, "after3", "adapter.after3." + key, value));
        losses.add(model.executor().gradients(batch, 1).loss());
        return losses;
    }

    /** Other values in the form of an adapter's file: they stand in the place of the parameters while it is handed out. */
    private Map<String, INDArray> exported(AdaptedSameDiff model, Map<String, INDArray> others) {
        Map<TrainableParameter, INDArray> before = new LinkedHashMap<>();
        model.trainableParameters().forEach(parameter -> {
            before.put(parameter, parameter.value().dup());
            parameter.value().assign(others.get(parameter.name()));
        });
        Map<String, INDArray> exported = inFile.apply(model.adapter(NAME));
        before.forEach((parameter, value) -> parameter.value().assign(value));
        return exported;
    }
}
