/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.lm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.integration.peft.cases.AdapterTensors;
import org.lora4j.integration.peft.cases.Tensors;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderGraph;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.internal.language.DecoderPart;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.LmExample;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.GradientClipping;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.RunListener;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Model directories with the numbers that Transformers and PEFT computed from them, as graphs in FLOAT and in DOUBLE. */
final class DecoderCases {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String NAME = "default";
    private static final List<String> ADAPTERS = List.of("adapter-qv", "adapter-all");

    private final Path directory;
    private final JsonNode about;
    private final Map<String, INDArray> golden;
    private final DecoderWeights weights;
    private final List<String> problems = new ArrayList<>();

    private DecoderCases(Path directory) throws IOException {
        this.directory = directory;
        this.about = JSON.readTree(directory.resolve("case.json").toFile());
        this.golden = Tensors.read(directory.resolve("golden.safetensors"));
        this.weights = DecoderWeights.read(directory, WeightStorage.AS_STORED);
    }

    /** Checks all models of a folder of fixtures. */
    static List<LmCase> run(Path fixtures) throws IOException {
        List<LmCase> cases = new ArrayList<>();
        try (Stream<Path> models = Files.list(fixtures.resolve("models"))) {
            for (Path model : models.filter(Files::isDirectory).sorted().toList()) {
                cases.add(check(model));
            }
        }
        return cases;
    }

    private static LmCase check(Path directory) {
        return check(directory, golden -> {});
    }

    /** Checks a model; what is expected may be changed before. */
    static LmCase check(Path directory, Consumer<Map<String, INDArray>> change) {
        String name = "models/" + directory.getFileName();
        try {
            DecoderCases model = new DecoderCases(directory);
            change.accept(model.golden);
            model.check(DataType.DOUBLE);
            // What is wrong in DOUBLE is wrong in FLOAT as well.
            if (model.problems.isEmpty()) {
                model.check(DataType.FLOAT);
                for (String adapter : ADAPTERS) {
                    model.checkTrainer(adapter);
                }
            }
            return LmCase.of(name, model.problems);
        } catch (IOException | RuntimeException e) {
            return LmCase.of(name, List.of(e.toString()));
        }
    }

    /** What a type of numbers may be off by; values of {@code case.json}, and 1e-9 with 1e-8 relative for DOUBLE. */
    private double tolerance(DataType type, String kind) {
        return type == DataType.DOUBLE
                ? about.at("/tolerance/float64/atol").asDouble()
                : about.at("/tolerance/float32/" + kind + "_atol").asDouble();
    }

    private void check(DataType type) throws IOException {
        DecoderConfig config = weights.config();
        SameDiff graph = DecoderGraph.of(weights, type);
        GraphExecutor executor = Lora.executor(graph);
        for (String side : List.of("right", "left")) {
            int[][] mask = ints(side + ".mask");
            Map<String, INDArray> outputs = executor.output(
                    DecoderInputs.of(config, type, ints(side + ".ids"), mask, DecoderInputs.positions(mask)),
                    List.of(DecoderGraph.LOGITS, DecoderGraph.LAST_HIDDEN_STATE));
            close(type, "logits", side + ".logits", tokensOnly(outputs.get(DecoderGraph.LOGITS), mask));
            if (side.equals("right")) {
                close(
                        type,
                        "logits",
                        "right.hidden." + config.layers().size(),
                        tokensOnly(outputs.get(DecoderGraph.LAST_HIDDEN_STATE), mask));
            }
        }
        Map<String, INDArray> batch = batch(type);
        Map<String, INDArray> losses = executor.output(batch, List.of(DecoderGraph.LOSS, DecoderGraph.TOKEN_LOSS));
        close(type, "loss", "loss", losses.get(DecoderGraph.LOSS).reshape(1));
        INDArray tokens = losses.get(DecoderGraph.TOKEN_LOSS)
                .reshape(golden.get("right.ids").shape())
                .mul(Nd4j.createFromArray(counted(ints("right.labels"))).castTo(type));
        close(type, "loss", "token_loss", Nd4j.createFromArray(withoutLast(tokens)));
        if (type == DataType.DOUBLE) {
            checkNorms(batch);
        }
        for (String adapter : ADAPTERS) {
            checkAdapter(type, adapter, graph, batch);
        }
    }

    private Map<String, INDArray> batch(DataType type) {
        int[][] mask = ints("right.mask");
        Map<String, INDArray> batch = new LinkedHashMap<>(
                DecoderInputs.of(weights.config(), type, ints("right.ids"), mask, DecoderInputs.positions(mask)));
        batch.putAll(DecoderInputs.targets(type, ints("right.labels")));
        return batch;
    }

    /** The gradients of all weights of the base. */
    private void checkNorms(Map<String, INDArray> batch) {
        SameDiff graph = DecoderGraph.of(weights, DataType.DOUBLE);
        List<String> learning = new ArrayList<>(weights.names());
        String head = weights.config().module(DecoderPart.HEAD, 0) + ".weight";
        String words = weights.config().module(DecoderPart.WORDS, 0) + ".weight";
        boolean tied = graph.hasVariable(head) && weights.config().tied();
        if (tied) {
            learning.add(head);
        }
        Map<String, INDArray> gradients = new LinkedHashMap<>(SameDiffExecutor.forTraining(graph, learning)
                .gradients(batch, 1)
                .gradients());
        if (tied) {
            gradients.get(words).addi(gradients.remove(head));
        }
        golden.keySet().stream()
                .filter(key -> key.startsWith("base.grad_norm.") && !key.endsWith(".f32"))
                .forEach(key -> {
                    String name = key.substring("base.grad_norm.".length());
                    INDArray gradient = gradients.get(name);
                    if (gradient == null) {
                        problems.add("no gradient of " + name + ", there are " + gradients.keySet());
                    } else {
                        close(
                                DataType.DOUBLE,
                                "grad",
                                key,
                                Nd4j.createFromArray(gradient.norm2Number().doubleValue()));
                    }
                });
    }

    private void checkAdapter(DataType type, String name, SameDiff base, Map<String, INDArray> batch)
            throws IOException {
        AdaptedSameDiff model = AdaptedSameDiff.of(base);
        model.addAdapter(NAME, Adapter.load(directory.resolve(name)));
        model.activate(NAME);
        INDArray logits = model.output(batch, DecoderGraph.LOGITS).get(DecoderGraph.LOGITS);
        close(type, "logits", name + ".logits", tokensOnly(logits, ints("right.mask")));
        model.merge();
        INDArray merged = model.output(batch, DecoderGraph.LOGITS).get(DecoderGraph.LOGITS);
        close(type, "logits", name + ".logits", tokensOnly(merged, ints("right.mask")));
        model.unmerge();
        model.setTrainable(NAME, true);
        GraphExecutor executor = model.executor();
        LossAndGradients step = executor.gradients(batch, 1);
        close(type, "loss", name + ".loss", Nd4j.createFromArray(step.loss()));
        exported(model, step.gradients())
                .forEach((key, gradient) -> close(type, "grad", name + ".grad." + key, gradient));
        checkTraining(type, name, model, batch);
    }

    private void checkTraining(DataType type, String name, AdaptedSameDiff model, Map<String, INDArray> batch) {
        JsonNode settings = about.path("training");
        int steps = settings.path("steps").asInt();
        var result = Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .steps(steps)
                        .optimizer(AdamW.of(settings.path("lr").asDouble())
                                .withWeightDecay(settings.path("weight_decay").asDouble()))
                        .decayBiasAndNorm(true)
                        .build())
                .build()
                .train(Batches.inOrder(List.of(Batch.of(batch, 1))));
        checkLosses(type, name, golden.get(name + ".losses"), result.losses());
        AdapterTensors.of(model.adapter(NAME))
                .forEach((key, value) -> close(type, "after3", name + ".after3." + key, value));
    }

    /** The same steps by the public trainer, which makes the batch itself. */
    private void checkTrainer(String name) throws IOException {
        JsonNode settings = about.path("training");
        try (CausalLm model = CausalLm.load(directory)) {
            model.model().addAdapter(NAME, Adapter.load(directory.resolve(name)));
            var result = CausalLmTrainer.builder(model)
                    .validationFraction(0)
                    .listener(new RunListener() {})
                    .plan(plan -> plan.epochs(settings.path("steps").asInt())
                            .optimizer(AdamW.of(settings.path("lr").asDouble())
                                    .withWeightDecay(
                                            settings.path("weight_decay").asDouble()))
                            .schedule(LearningRateSchedule.constant())
                            .clipping(GradientClipping.none())
                            .decayBiasAndNorm(true))
                    .build()
                    .fit(examples());
            checkLosses(DataType.FLOAT, name + " by CausalLmTrainer", golden.get(name + ".losses"), result.losses());
            AdapterTensors.of(model.model().adapter(NAME))
                    .forEach((key, value) -> close(DataType.FLOAT, "after3", name + ".after3." + key, value));
        }
    }

    private void checkLosses(DataType type, String name, INDArray expected, List<Double> found) {
        for (int i = 0; i < found.size(); i++) {
            double difference = Math.abs(found.get(i) - expected.getDouble(i));
            if (difference > tolerance(type, "loss") * 10) {
                problems.add(type + " " + name + " loss of step " + i + " is off by " + difference);
            }
        }
    }

    /** The rows of the batch without their padding. */
    private List<LmExample> examples() {
        int[][] ids = ints("right.ids");
        int[][] mask = ints("right.mask");
        int[][] labels = ints("right.labels");
        List<LmExample> examples = new ArrayList<>();
        for (int b = 0; b < ids.length; b++) {
            int length = Arrays.stream(mask[b]).sum();
            boolean[] learned = new boolean[length];
            for (int t = 0; t < length; t++) {
                learned[t] = labels[b][t] != DecoderInputs.IGNORED;
            }
            examples.add(LmExample.tokens(Arrays.copyOf(ids[b], length), learned));
        }
        return examples;
    }

    /** Other values in the form of an adapter's file: they stand in the place of the parameters while it is handed out. */
    private static Map<String, INDArray> exported(AdaptedSameDiff model, Map<String, INDArray> values) {
        Map<TrainableParameter, INDArray> before = new LinkedHashMap<>();
        model.trainableParameters().forEach(parameter -> {
            before.put(parameter, parameter.value().dup());
            parameter.value().assign(values.get(parameter.name()));
        });
        Map<String, INDArray> exported = AdapterTensors.of(model.adapter(NAME));
        before.forEach((parameter, value) -> parameter.value().assign(value));
        return exported;
    }

    private void close(DataType type, String kind, String key, INDArray found) {
        INDArray expected = golden.get(key);
        if (expected == null || !Arrays.equals(expected.shape(), found.shape())) {
            problems.add(
                    type + " " + key + ": expected " + (expected == null ? "nothing" : expected.shapeInfoToString())
                            + ", found " + found.shapeInfoToString());
            return;
        }
        double[] e = expected.dup('c').data().asDouble();
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

    private int[][] ints(String key) {
        return golden.get(key).castTo(DataType.INT32).toIntMatrix();
    }

    private static INDArray tokensOnly(INDArray values, int[][] mask) {
        INDArray kept = values.castTo(DataType.DOUBLE).dup('c');
        for (int b = 0; b < mask.length; b++) {
            for (int t = 0; t < mask[b].length; t++) {
                if (mask[b][t] == 0) {
                    kept.slice(b).slice(t).assign(0);
                }
            }
        }
        return kept;
    }

    private static double[][] counted(int[][] labels) {
        double[][] counted = new double[labels.length][labels[0].length];
        for (int b = 0; b < labels.length; b++) {
            for (int t = 0; t + 1 < labels[b].length; t++) {
                counted[b][t] = labels[b][t + 1] == DecoderInputs.IGNORED ? 0 : 1;
            }
        }
        return counted;
    }

    private static double[][] withoutLast(INDArray rows) {
        double[][] all = rows.castTo(DataType.DOUBLE).toDoubleMatrix();
        for (int b = 0; b < all.length; b++) {
            all[b] = Arrays.copyOf(all[b], all[b].length - 1);
        }
        return all;
    }
}
