/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.StreamSupport;
import org.lora4j.adapter.Adapter;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.engine.SameDiffExecutor;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Model directories of images with the numbers that Transformers and PEFT computed from them, as graphs in both precisions. */
public final class GoldenImages {

    private static final String LOSS = "loss";
    private static final double SHARPNESS = 5;

    private final GoldenNumbers numbers;
    private final Map<String, INDArray> golden;
    private final int[] labels;
    private final ImageWeights weights;
    private final boolean classifies;
    private final boolean interpolates;

    private GoldenImages(Path directory) throws IOException {
        this.golden = new TreeMap<>();
        this.labels = readGolden(directory.resolve("golden.safetensors"));
        this.numbers = new GoldenNumbers(directory, golden, GoldenImages::tensors);
        this.weights = ImageWeights.read(directory, ImageConfig.read(directory.resolve(ImageConfig.FILE)));
        this.classifies = !weights.head().isEmpty();
        this.interpolates =
                numbers.about().at("/inputs/interpolate_pos_encoding").asBoolean();
    }

    private int[] readGolden(Path file) throws IOException {
        int[] found = new int[0];
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (TensorEntry entry : reader.tensors().values()) {
                if (entry.name().equals("labels") && entry.dtype() == DType.I64) {
                    ByteBuffer bytes =
                            ByteBuffer.allocate((int) entry.byteCount()).order(ByteOrder.LITTLE_ENDIAN);
                    reader.read(entry, 0, bytes);
                    bytes.rewind();
                    found = new int[(int) entry.shape()[0]];
                    for (int i = 0; i < found.length; i++) {
                        found[i] = (int) bytes.getLong(i * Long.BYTES);
                    }
                } else {
                    ElementCodec codec = ElementCodec.of(entry.dtype()).orElseThrow();
                    golden.put(entry.name(), ArrayBytes.read(reader, entry, codec));
                }
            }
        }
        return found;
    }

    /**
     * Compares everything that a directory has golden numbers of.
     *
     * @param directory of a model with golden.json
     * @return what differs by more than its tolerance; empty if nothing does
     * @throws IOException if it cannot be read
     */
    public static List<String> problems(Path directory) throws IOException {
        GoldenImages images = new GoldenImages(directory);
        images.check(DataType.DOUBLE);
        if (images.numbers.problems().isEmpty()) {
            images.check(DataType.FLOAT);
        }
        return images.numbers.problems();
    }

    private SameDiff graph(ImageWeights of) {
        INDArray pixels = golden.get("pixel_values");
        int height = (int) pixels.size(2);
        int width = (int) pixels.size(3);
        SameDiff graph = classifies
                ? ImageGraph.classifier(of, height, width, interpolates)
                : ImageGraph.encoder(of, height, width, interpolates);
        loss(graph, of.dataType());
        return graph;
    }

    private void loss(SameDiff graph, DataType type) {
        if (!classifies) {
            rankingLoss(graph, type);
        } else if (golden.containsKey("labels")) {
            severalLabels(graph, type);
        } else if (labels.length == 0) {
            graph.getVariable(ImageGraph.LOGITS)
                    .mul(graph.getVariable(ImageGraph.LOGITS))
                    .mean(LOSS);
        } else {
            int outputs = (int) golden.get("logits").size(1);
            double[][] truth = new double[labels.length][outputs];
            for (int i = 0; i < labels.length; i++) {
                truth[i][labels[i]] = 1;
            }
            SDVariable wanted =
                    graph.constant("wanted", Nd4j.createFromArray(truth).castTo(type));
            SDVariable logarithms = graph.nn().logSoftmax("logarithms", graph.getVariable(ImageGraph.LOGITS), 1);
            logarithms.mul(wanted).sum().mul(LOSS, -1.0 / labels.length);
        }
        graph.setLossVariables(LOSS);
    }

    /** Binary cross entropy of each output, the mean of all. */
    private void severalLabels(SameDiff graph, DataType type) {
        SDVariable logits = graph.getVariable(ImageGraph.LOGITS);
        SDVariable truth = graph.constant("wanted", golden.get("labels").castTo(type));
        SDVariable softened = graph.math().log(graph.math().exp(logits).add(1));
        softened.sub(logits.mul(truth)).mean(LOSS);
    }

    /** Rows 0 and 1 against rows 2 and 3: cosine times 5, cross entropy over the two. */
    private static void rankingLoss(SameDiff graph, DataType type) {
        SDVariable pooled = graph.getVariable(ImageGraph.POOLED);
        SDVariable length =
                graph.math().sqrt("pooled/length", pooled.mul(pooled).sum(true, 1));
        SDVariable unit = pooled.div("embeddings", length);
        SDVariable firstTwo = graph.constant(
                "first_two",
                Nd4j.createFromArray(new double[][] {{1, 0, 0, 0}, {0, 1, 0, 0}})
                        .castTo(type));
        SDVariable lastTwo = graph.constant(
                "last_two",
                Nd4j.createFromArray(new double[][] {{0, 0, 1, 0}, {0, 0, 0, 1}})
                        .castTo(type));
        SDVariable scores = graph.mmul("scores", firstTwo.mmul(unit), lastTwo.mmul(unit), false, true, false);
        SDVariable logarithms = graph.nn().logSoftmax("logarithms", scores.mul(SHARPNESS), 1);
        SDVariable wanted = graph.constant("wanted", Nd4j.eye(2).castTo(type));
        logarithms.mul(wanted).sum().mul(LOSS, -0.5);
    }

    private void check(DataType type) throws IOException {
        ImageWeights typed = weights.castTo(type);
        SameDiff graph = graph(typed);
        Map<String, INDArray> batch =
                Map.of(ImageGraph.PIXELS, golden.get("pixel_values").castTo(type));
        checkOutputs(type, graph, batch, "");
        if (type == DataType.DOUBLE) {
            checkNorms(typed, batch);
        }
        AdaptedSameDiff model = numbers.adapted(graph);
        outputs(model.graph()).forEach((key, variable) -> {
            if (golden.containsKey("adapter." + key)) {
                close(
                        type,
                        "outputs",
                        "adapter." + key,
                        model.output(batch, variable).get(variable));
            }
        });
        String end = classifies ? ImageGraph.LOGITS : "embeddings";
        model.merge();
        close(type, "outputs", "adapter.merged_" + end, model.output(batch, end).get(end));
        model.unmerge();
        double[] losses = numbers.checkTraining(type, model, batch).stream()
                .limit(golden.get("adapter.losses").length())
                .mapToDouble(loss -> loss)
                .toArray();
        close(type, "loss", "adapter.losses", Nd4j.createFromArray(losses));
    }

    /** Single numbers have other shapes in Python. */
    private void close(DataType type, String kind, String key, INDArray found) {
        INDArray expected = golden.get(key);
        boolean isNumber = expected != null && found.rank() <= 1 && found.length() == expected.length();
        numbers.close(type, kind, key, isNumber ? found.reshape(expected.shape()) : found);
    }

    private void checkOutputs(DataType type, SameDiff graph, Map<String, INDArray> batch, String prefix) {
        Map<String, String> outputs = outputs(graph);
        outputs.keySet().removeIf(key -> !golden.containsKey(prefix + key));
        Map<String, INDArray> found = SameDiffExecutor.forInference(graph).output(batch, List.copyOf(outputs.values()));
        outputs.forEach((key, variable) ->
                close(type, key.equals(LOSS) ? "loss" : "outputs", prefix + key, shaped(key, found.get(variable))));
    }

    /** Rows of a layer, as they are in the graph, in the shape of the file. */
    private INDArray shaped(String key, INDArray found) {
        if (!key.startsWith("hidden_states.")) {
            return found;
        }
        long[] shape = golden.get(key).shape();
        return weights.config().family() == ImageFamily.CONVNEXT
                ? found.reshape(shape[0], shape[2], shape[3], shape[1]).permute(0, 3, 1, 2)
                : found.reshape(shape);
    }

    /** The variables of what the golden files may have, by its name there. */
    private Map<String, String> outputs(SameDiff graph) {
        Map<String, String> outputs = new LinkedHashMap<>();
        for (String output : List.of(
                ImageGraph.LAST_HIDDEN_STATE,
                ImageGraph.POOLER_OUTPUT,
                ImageGraph.POOLED,
                "embeddings",
                ImageGraph.LOGITS,
                ImageGraph.STUDENT_LOGITS,
                ImageGraph.TEACHER_LOGITS,
                LOSS)) {
            if (graph.hasVariable(output)) {
                outputs.put(output, output);
            }
        }
        String prefix = classifies ? weights.config().family().modelType() + "." : "";
        boolean stages = weights.config().family() == ImageFamily.CONVNEXT;
        outputs.put("hidden_states.0", stages ? prefix + ImageTensor.STEM_NORM + "/output" : "embeddings/output");
        for (int i = 0; i < weights.config().layers(); i++) {
            outputs.put(
                    "hidden_states." + (i + 1),
                    prefix + (stages ? ImageTensor.stage(i, "output") : ImageTensor.LAYERS + i + ".mlp/widened"));
        }
        return outputs;
    }

    /** The gradients of all weights of the base. */
    private void checkNorms(ImageWeights typed, Map<String, INDArray> batch) {
        SameDiff graph = graph(typed);
        JsonNode norms = numbers.about().path("base_grad_norms");
        List<String> learning = StreamSupport.stream(((Iterable<String>) norms::fieldNames).spliterator(), false)
                .filter(graph::hasVariable)
                .toList();
        Map<String, INDArray> gradients = SameDiffExecutor.forTraining(graph, learning)
                .gradients(batch, 1)
                .gradients();
        norms.properties().forEach(norm -> {
            INDArray gradient = gradients.get(norm.getKey());
            double found = gradient == null ? 0 : gradient.norm2Number().doubleValue();
            double expected = norm.getValue().asDouble();
            if (!(Math.abs(found - expected) <= 1e-9 + 1e-8 * expected)) {
                numbers.problems()
                        .add("gradient of " + norm.getKey() + " has the norm " + found + ", expected " + expected);
            }
        });
    }

    private static Map<String, INDArray> tensors(Adapter adapter) {
        Map<String, INDArray> tensors = new TreeMap<>();
        adapter.modules()
                .forEach((path, factors) -> factors.forEach(
                        (suffix, array) -> tensors.put(PeftKeys.factor(adapter.config(), path, suffix), array)));
        adapter.savedParameters()
                .forEach((path, array) -> tensors.put(
                        PeftKeys.saved(adapter.config(), path, adapter.modules().keySet()), array));
        return tensors;
    }
}
