/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.encoder;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.lora4j.Lora;
import org.lora4j.integration.golden.lm.LmCase;
import org.lora4j.integration.peft.cases.AdapterTensors;
import org.lora4j.integration.peft.cases.Tensors;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.image.GoldenImages;
import org.lora4j.internal.image.GoldenNumbers;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderStates;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedEncoder;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Model directories with the numbers that Transformers and PEFT computed from them, as graphs in FLOAT and in DOUBLE. */
final class EncoderCases {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int IGNORED = -100;

    /** Models of texts and images together, which the reader of encoders of texts refuses by name. */
    private static final Set<String> UNSUPPORTED = Set.of("clip", "siglip");

    /** Models of images, which their own reader takes. */
    static final Set<String> IMAGES = Set.of("vit", "deit", "dinov2", "convnext");

    private static final String EMBEDDINGS = "golden/embeddings";
    private static final String LOSS = "golden_loss";
    private static final String TARGETS = "golden_targets";
    private static final String SHARES = "golden_shares";

    private final Path directory;
    private final JsonNode about;
    private final Map<String, INDArray> golden;
    private final PretrainedEncoder read;
    private final int[][] mask;
    private final GoldenNumbers numbers;
    private final List<String> problems;

    private EncoderCases(Path directory) throws IOException {
        this.directory = directory;
        this.golden = Tensors.read(directory.resolve("golden.safetensors"));
        this.numbers = new GoldenNumbers(directory, golden, AdapterTensors::of);
        this.about = numbers.about();
        this.problems = numbers.problems();
        this.read = PretrainedEncoder.load(directory);
        this.mask = golden.get("attention_mask").castTo(DataType.INT32).toIntMatrix();
    }

    /** Checks all models of a folder of fixtures. */
    static void run(Path fixtures, Consumer<LmCase> done) throws IOException {
        try (Stream<Path> models = Files.list(fixtures.resolve("models"))) {
            for (Path model : models.filter(Files::isDirectory).sorted().toList()) {
                done.accept(check(model, values -> {}));
            }
        }
    }

    /** Checks a model; what is expected may be changed before. */
    static LmCase check(Path directory, Consumer<Map<String, INDArray>> change) {
        String name = "models/" + directory.getFileName();
        try {
            String type = JSON.readTree(directory.resolve("config.json").toFile())
                    .path("model_type")
                    .asText();
            if (UNSUPPORTED.contains(type)) {
                return refused(name, directory, type);
            }
            if (IMAGES.contains(type)) {
                return LmCase.of(name, GoldenImages.problems(directory));
            }
            EncoderCases model = new EncoderCases(directory);
            change.accept(model.golden);
            try {
                model.check(DataType.DOUBLE);
            } catch (RuntimeException e) {
                model.problems.add(e.toString());
            }
            // What is wrong in DOUBLE is wrong in FLOAT as well.
            if (model.problems.isEmpty()) {
                model.check(DataType.FLOAT);
            }
            return LmCase.of(name, model.problems);
        } catch (IOException | RuntimeException e) {
            return LmCase.of(name, List.of(e.toString()));
        }
    }

    private static LmCase refused(String name, Path directory, String type) {
        try {
            PretrainedEncoder.load(directory);
            return LmCase.of(name, List.of("was read"));
        } catch (IOException e) {
            return e.getMessage().contains("model_type is \"" + type + "\"")
                    ? new LmCase(name, LmCase.Outcome.UNSUPPORTED, e.getMessage())
                    : LmCase.of(name, List.of(e.toString()));
        }
    }

    private void check(DataType type) throws IOException {
        PretrainedEncoder model = read.converted(type);
        EncoderGraph encoder = encoder(model);
        SameDiff graph = encoder.graph();
        addLoss(graph, type);
        Map<String, INDArray> batch = batch(type);
        List<String> wanted = new ArrayList<>(List.of(EncoderGraph.LAST_HIDDEN_STATE, LOSS));
        wanted.add(isEmbedding() ? EMBEDDINGS : EncoderClassifier.LOGITS);
        wanted.addAll(EncoderStates.of(encoder));
        Map<String, INDArray> outputs = Lora.executor(graph).output(batch, wanted);
        close(type, "outputs", "last_hidden_state", tokensOnly(outputs.get(EncoderGraph.LAST_HIDDEN_STATE)));
        checkStates(type, encoder, outputs);
        checkOutputs(type, "", outputs);
        checkPooling(type, model, batch);
        checkRowsAlone(type, graph, batch);
        close(type, "loss", "loss", outputs.get(LOSS).reshape(1));
        checkNorms(type, graph, batch);
        if (golden.containsKey("adapter.loss")) {
            checkAdapter(type, graph, batch);
        }
    }

    private boolean isEmbedding() {
        return golden.containsKey("embeddings");
    }

    private boolean hasTypes() {
        return golden.containsKey("token_type_ids");
    }

    private EncoderGraph encoder(PretrainedEncoder model) {
        if (!isEmbedding()) {
            return model.withHead(hasTypes());
        }
        return model.encoder(about.path("pooling").asText().equals("cls") ? Pooling.CLS : Pooling.MEAN, hasTypes());
    }

    private Map<String, INDArray> batch(DataType type) {
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put(EncoderGraph.INPUT_IDS, golden.get("input_ids").castTo(DataType.INT32));
        batch.put(EncoderGraph.ATTENTION_MASK, golden.get("attention_mask").castTo(type));
        if (hasTypes() && read.config().typeVocabulary() > 0) {
            batch.put(EncoderGraph.TOKEN_TYPE_IDS, golden.get("token_type_ids").castTo(DataType.INT32));
        }
        if (isEmbedding()) {
            batch.put(SHARES, Nd4j.createFromArray(shares()).castTo(type));
        } else {
            batch.put(TARGETS, targets(type));
        }
        return batch;
    }

    /** How much each token counts for the vector of its text. */
    private double[][] shares() {
        String pooling = about.path("pooling").asText();
        double[][] shares = new double[mask.length][mask[0].length];
        for (int b = 0; b < mask.length; b++) {
            int kept = Arrays.stream(mask[b]).sum();
            for (int t = 0; t < mask[b].length; t++) {
                boolean last = mask[b][t] == 1 && (t + 1 == mask[b].length || mask[b][t + 1] == 0);
                shares[b][t] = switch (pooling) {
                    case "cls" -> t == 0 ? 1 : 0;
                    case "lasttoken" -> last ? 1 : 0;
                    default -> mask[b][t] / (double) kept;
                };
            }
        }
        return shares;
    }

    private void addLoss(SameDiff sd, DataType type) {
        SDVariable loss = isEmbedding() ? pairs(sd, type) : ofHead(sd, type);
        sd.updateVariableNameAndReference(loss, LOSS);
        sd.setLossVariables(LOSS);
    }

    /** Rows 0 and 1 against rows 2 and 3, cosine times 5, cross-entropy over the two. */
    private SDVariable pairs(SameDiff sd, DataType type) {
        SDVariable shares = sd.placeHolder(SHARES, type, -1, -1);
        SDVariable hidden = sd.getVariable(EncoderGraph.LAST_HIDDEN_STATE);
        SDVariable row = sd.reshape("golden/share_row", shares, 4, 1, -1);
        SDVariable pooled = sd.reshape(
                "golden/pooled",
                sd.mmul("golden/pooled_rows", row, hidden),
                4,
                read.config().hidden());
        SDVariable length = sd.math()
                .sqrt("golden/length", sd.sum("golden/squares", pooled.mul("golden/products", pooled), true, 1));
        SDVariable unit = pooled.div(EMBEDDINGS, length);
        SDVariable first = sd.mmul(
                "golden/first",
                sd.constant(
                        "golden/choose_first",
                        Nd4j.createFromArray(new double[][] {{1, 0, 0, 0}, {0, 1, 0, 0}})
                                .castTo(type)),
                unit);
        SDVariable second = sd.mmul(
                "golden/second",
                sd.constant(
                        "golden/choose_second",
                        Nd4j.createFromArray(new double[][] {{0, 0, 1, 0}, {0, 0, 0, 1}})
                                .castTo(type)),
                unit);
        SDVariable scores =
                sd.mmul("golden/cosines", first, second, false, true, false).mul("golden/scores", 5);
        SDVariable likelihood = sd.nn()
                .logSoftmax("golden/log_shares", scores)
                .mul("golden/chosen", sd.constant("golden/eye", Nd4j.eye(2).castTo(type)));
        return sd.sum("golden/likelihood", likelihood).mul("golden/mean", -0.5);
    }

    private String lossKind() {
        String task = about.path("task").asText();
        if (!task.equals("seqcls")) {
            return task.equals("rtd") ? "replaced" : "tokens";
        }
        String problem = ConfigFile.problemType(directory);
        return !problem.isEmpty()
                ? problem
                : golden.get("logits").size(1) == 1 ? "regression" : "single_label_classification";
    }

    private SDVariable ofHead(SameDiff sd, DataType type) {
        SDVariable logits = sd.getVariable(EncoderClassifier.LOGITS);
        String kind = lossKind();
        switch (kind) {
            case "tokens" -> {
                SDVariable targets = sd.placeHolder(TARGETS, type, -1, -1);
                SDVariable rows = sd.reshape(
                        "golden/rows", logits, -1, golden.get("logits").size(2));
                return weighted(sd, sd.nn().logSoftmax("golden/log_shares", rows), targets);
            }
            case "single_label_classification" -> {
                SDVariable targets = sd.placeHolder(TARGETS, type, -1, -1);
                return weighted(sd, sd.nn().logSoftmax("golden/log_shares", logits), targets);
            }
            case "replaced" -> {
                SDVariable targets = sd.placeHolder(TARGETS, type, -1, -1);
                SDVariable flat = sd.reshape("golden/rows", logits, -1, 1);
                SDVariable yes = sd.math().log("golden/yes", sd.nn().sigmoid("golden/yes_share", flat));
                SDVariable no =
                        sd.math().log("golden/no", sd.nn().sigmoid("golden/no_share", flat.neg("golden/minus")));
                return weighted(sd, sd.concat("golden/both", 1, yes, no), targets);
            }
            case "multi_label_classification" -> {
                SDVariable targets = sd.placeHolder(TARGETS, type, -1, -1);
                SDVariable yes = sd.math().log("golden/yes", sd.nn().sigmoid("golden/yes_share", logits));
                SDVariable no =
                        sd.math().log("golden/no", sd.nn().sigmoid("golden/no_share", logits.neg("golden/minus")));
                return weighted(sd, sd.concat("golden/both", 1, yes, no), targets);
            }
            default -> {
                SDVariable targets = sd.placeHolder(TARGETS, type, -1, -1);
                return sd.math()
                        .square("golden/squares", logits.sub("golden/off", targets))
                        .mean("golden/mean");
            }
        }
    }

    private static SDVariable weighted(SameDiff sd, SDVariable logs, SDVariable targets) {
        return sd.sum("golden/likelihood", logs.mul("golden/chosen", targets)).neg("golden/mean");
    }

    /** For each logarithm of a share how much it counts. */
    private INDArray targets(DataType type) {
        INDArray labels = golden.get("labels");
        String kind = lossKind();
        double[] values = labels.castTo(DataType.DOUBLE).dup('c').data().asDouble();
        switch (kind) {
            case "tokens", "single_label_classification" -> {
                INDArray logits = golden.get("logits");
                int outputs = (int) logits.size(logits.rank() - 1);
                double counted = Arrays.stream(values).filter(v -> v != IGNORED).count();
                double[][] targets = new double[values.length][outputs];
                for (int i = 0; i < values.length; i++) {
                    if (values[i] != IGNORED) {
                        targets[i][(int) values[i]] = 1 / counted;
                    }
                }
                return Nd4j.createFromArray(targets).castTo(type);
            }
            case "replaced" -> {
                double counted =
                        Arrays.stream(mask).flatMapToInt(Arrays::stream).sum();
                double[][] targets = new double[values.length][2];
                for (int i = 0; i < values.length; i++) {
                    double weight = mask[i / mask[0].length][i % mask[0].length] / counted;
                    targets[i][0] = weight * values[i];
                    targets[i][1] = weight * (1 - values[i]);
                }
                return Nd4j.createFromArray(targets).castTo(type);
            }
            case "multi_label_classification" -> {
                int outputs = (int) labels.size(1);
                double[][] targets = new double[(int) labels.size(0)][2 * outputs];
                for (int i = 0; i < values.length; i++) {
                    targets[i / outputs][i % outputs] = values[i] / values.length;
                    targets[i / outputs][outputs + i % outputs] = (1 - values[i]) / values.length;
                }
                return Nd4j.createFromArray(targets).castTo(type);
            }
            default -> {
                return labels.castTo(type).reshape(golden.get("logits").shape());
            }
        }
    }

    private void checkStates(DataType type, EncoderGraph encoder, Map<String, INDArray> outputs) {
        List<String> names = EncoderStates.of(encoder);
        long[] shape = golden.get("last_hidden_state").shape();
        golden.keySet().stream()
                .filter(key -> key.startsWith("hidden_states.") && !key.endsWith(".f32"))
                .forEach(key -> {
                    int index = Integer.parseInt(key.substring("hidden_states.".length()));
                    close(
                            type,
                            "outputs",
                            key,
                            tokensOnly(outputs.get(names.get(index)).reshape(shape)));
                });
    }

    private void checkOutputs(DataType type, String prefix, Map<String, INDArray> outputs) {
        if (isEmbedding()) {
            INDArray embeddings = outputs.get(EMBEDDINGS);
            close(type, "outputs", prefix + "embeddings", embeddings);
            if (prefix.isEmpty()) {
                close(type, "outputs", "similarities", embeddings.mmul(embeddings.transpose()));
            }
            return;
        }
        INDArray logits = outputs.get(EncoderClassifier.LOGITS);
        INDArray expected = golden.get("logits");
        INDArray kept = expected.shape()[1] == mask[0].length
                        && expected.rank() > 1
                        && !about.path("task").asText().equals("seqcls")
                ? tokensOnly(logits)
                : logits;
        close(
                type,
                "outputs",
                prefix + "logits",
                kept.reshape(golden.get("logits").shape()));
    }

    private void checkPooling(DataType type, PretrainedEncoder model, Map<String, INDArray> batch) {
        if (golden.containsKey("pooled") && !about.path("pooling").asText().equals("lasttoken")) {
            Pooling pooling = about.path("pooling").asText().equals("cls") ? Pooling.CLS : Pooling.MEAN;
            close(type, "outputs", "pooled", pooled(model, pooling, batch));
            Pooling unit = pooling == Pooling.CLS ? Pooling.NORMALIZED_CLS : Pooling.NORMALIZED_MEAN;
            close(type, "outputs", "embeddings", pooled(model, unit, batch));
        }
        if (golden.containsKey("pooler_output")) {
            close(type, "outputs", "pooler_output", pooled(model, Pooling.POOLER, batch));
        }
    }

    /** Each text without its padding. */
    private void checkRowsAlone(DataType type, SameDiff graph, Map<String, INDArray> batch) {
        double[][][] expected = cube(golden.get("last_hidden_state"));
        for (int b = 0; b < mask.length; b++) {
            int first = 0;
            while (mask[b][first] == 0) {
                first++;
            }
            int last = first + Arrays.stream(mask[b]).sum();
            Map<String, INDArray> alone = new LinkedHashMap<>();
            for (String name :
                    List.of(EncoderGraph.INPUT_IDS, EncoderGraph.ATTENTION_MASK, EncoderGraph.TOKEN_TYPE_IDS)) {
                if (batch.containsKey(name)) {
                    alone.put(
                            name,
                            batch.get(name)
                                    .get(NDArrayIndex.interval(b, b + 1), NDArrayIndex.interval(first, last))
                                    .dup('c'));
                }
            }
            double[][] found = cube(Lora.executor(graph)
                    .output(alone, List.of(EncoderGraph.LAST_HIDDEN_STATE))
                    .get(EncoderGraph.LAST_HIDDEN_STATE))[0];
            double worst = 0;
            for (int t = first; t < last; t++) {
                for (int i = 0; i < found[0].length; i++) {
                    worst = Math.max(worst, Math.abs(found[t - first][i] - expected[b][t][i]));
                }
            }
            if (!(worst <= 10 * tolerance(type, "outputs"))) {
                problems.add(type + " row " + b + " without its padding is off by " + worst);
            }
        }
    }

    private static double[][][] cube(INDArray array) {
        double[][][] cube = new double[(int) array.size(0)][][];
        for (int b = 0; b < cube.length; b++) {
            cube[b] = array.slice(b).castTo(DataType.DOUBLE).toDoubleMatrix();
        }
        return cube;
    }

    private INDArray pooled(PretrainedEncoder model, Pooling pooling, Map<String, INDArray> batch) {
        EncoderGraph encoder = model.encoder(pooling, hasTypes());
        Map<String, INDArray> inputs = new LinkedHashMap<>(batch);
        inputs.keySet().retainAll(encoder.graph().inputs());
        encoder.requireValid(inputs);
        return Lora.executor(encoder.graph())
                .output(inputs, List.of(EncoderGraph.POOLED))
                .get(EncoderGraph.POOLED);
    }

    /** The gradients of all weights of the base. */
    private void checkNorms(DataType type, SameDiff graph, Map<String, INDArray> batch) {
        List<String> learning = TrainableGraph.weights(graph);
        Map<String, INDArray> gradients = SameDiffExecutor.forTraining(graph, learning)
                .gradients(batch, 1)
                .gradients();
        double relative = type == DataType.DOUBLE
                ? 1e-8
                : about.at("/tolerance/float32/grad_norms_rtol").asDouble();
        double absolute = type == DataType.DOUBLE ? 1e-9 : tolerance(type, "grad");
        about.path("base_grad_norms").properties().forEach(entry -> {
            INDArray gradient = gradients.get(entry.getKey());
            double found = gradient == null ? 0 : gradient.norm2Number().doubleValue();
            double expected = entry.getValue().asDouble();
            if (!(Math.abs(found - expected) <= absolute + relative * Math.abs(expected))) {
                problems.add(type + " norm of the gradient of " + entry.getKey() + " is " + found + ", expected "
                        + expected + (gradient == null ? "; no such weight" : ""));
            }
        });
    }

    private void checkAdapter(DataType type, SameDiff base, Map<String, INDArray> batch) throws IOException {
        AdaptedSameDiff model = numbers.adapted(base);
        String output = isEmbedding() ? EMBEDDINGS : EncoderClassifier.LOGITS;
        Map<String, INDArray> outputs = model.output(batch, output, EncoderGraph.LAST_HIDDEN_STATE);
        checkOutputs(type, "adapter.", outputs);
        if (golden.containsKey("adapter.last_hidden_state")) {
            close(
                    type,
                    "outputs",
                    "adapter.last_hidden_state",
                    tokensOnly(outputs.get(EncoderGraph.LAST_HIDDEN_STATE)));
        }
        model.merge();
        String merged = golden.keySet().stream().anyMatch(key -> key.startsWith("adapter.merged_"))
                ? "adapter.merged_"
                : "adapter.";
        checkOutputs(type, merged, model.output(batch, output));
        model.unmerge();
        List<Double> found = numbers.checkTraining(type, model, batch);
        INDArray losses = golden.get("adapter.losses");
        for (int i = 0; i < found.size(); i++) {
            double difference = Math.abs(found.get(i) - losses.getDouble(i));
            if (!(difference <= tolerance(type, "loss") * 10)) {
                problems.add(type + " loss of step " + i + " is off by " + difference);
            }
        }
    }

    private double tolerance(DataType type, String kind) {
        return numbers.tolerance(type, kind);
    }

    private void close(DataType type, String kind, String key, INDArray found) {
        numbers.close(type, kind, key, found);
    }

    private INDArray tokensOnly(INDArray values) {
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

    /** What a config says that the reader of encoders leaves to others. */
    private static final class ConfigFile {

        private ConfigFile() {}

        static String problemType(Path directory) {
            try {
                return Optional.ofNullable(
                                JSON.readTree(directory.resolve("config.json").toFile())
                                        .path("problem_type")
                                        .textValue())
                        .orElse("");
            } catch (IOException e) {
                throw new IllegalStateException("read before", e);
            }
        }
    }
}
