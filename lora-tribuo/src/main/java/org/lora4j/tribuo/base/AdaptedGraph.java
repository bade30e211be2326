/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.interpret.FeatureExplainer;
import org.lora4j.interpret.IntegratedGradients;
import org.lora4j.model.AdaptedModel;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.SameDiffFile;
import org.lora4j.train.Trainable;
import org.lora4j.tribuo.input.InputSpec;
import org.lora4j.tribuo.output.Loss;
import org.nd4j.autodiff.loss.LossReduce;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A SameDiff graph with a head. */
final class AdaptedGraph implements AdaptedBase {

    private static final LossReduce MEAN_OF_ROWS = LossReduce.MEAN_BY_NONZERO_WEIGHT_COUNT;

    private final AdaptedSameDiff adapted;
    private final String head;
    private final DataType type;

    private AdaptedGraph(AdaptedSameDiff adapted, String head, DataType type) {
        this.adapted = adapted;
        this.head = head;
        this.type = type;
    }

    /** Adds activation and loss to a graph whose head is there, and prepares it for adapters. */
    static AdaptedGraph of(SameDiff graph, String head, SDVariable logits, HeadShape shape, DataType type) {
        SDVariable targets = graph.placeHolder(targets(head), type, -1, shape.outputs());
        SDVariable weights = graph.placeHolder(weights(head), type, -1, 1);
        addLoss(graph, head, logits, targets, weights, shape.loss());
        graph.setLossVariables(loss(head));
        return new AdaptedGraph(AdaptedSameDiff.of(graph), head, type);
    }

    private static void addLoss(
            SameDiff graph, String head, SDVariable logits, SDVariable targets, SDVariable weights, Loss loss) {
        // By scalar: the ops disagree on which weights of rows they take, and on the shape of what is not reduced.
        SDVariable one = graph.constant(head + "/one", Nd4j.scalar(logits.dataType(), 1.0));
        switch (loss) {
            case SOFTMAX_CROSS_ENTROPY -> {
                graph.nn().softmax(outputs(head), logits, -1);
                // Linear in the targets, and so is its gradient.
                graph.loss().softmaxCrossEntropy(loss(head), targets.mul(weights), logits, one, MEAN_OF_ROWS, 0);
            }
            case SIGMOID_CROSS_ENTROPY -> {
                graph.nn().sigmoid(outputs(head), logits);
                SDVariable each = graph.loss().sigmoidCrossEntropy(null, targets, logits, one, LossReduce.NONE, 0);
                each.sum(1).mul(graph.squeeze(weights, 1)).mean(loss(head));
            }
            default -> {
                graph.identity(outputs(head), logits);
                SDVariable each = graph.loss().meanSquaredError(null, targets, logits, one, LossReduce.NONE);
                each.mean(1).mul(graph.squeeze(weights, 1)).mean(loss(head));
            }
        }
    }

    private static String outputs(String head) {
        return head + "/outputs";
    }

    private static String targets(String head) {
        return head + "/targets";
    }

    private static String weights(String head) {
        return head + "/weights";
    }

    private static String loss(String head) {
        return head + "/loss";
    }

    @Override
    public AdaptedModel model() {
        return adapted;
    }

    @Override
    public String head() {
        return head;
    }

    @Override
    public Trainable trainable() {
        return adapted;
    }

    @Override
    public Map<String, INDArray> step(Map<String, INDArray> inputs, double[][] targets, double[] weights) {
        INDArray column =
                Nd4j.createFromArray(weights).reshape(weights.length, 1).dup();
        Map<String, INDArray> arrays = new LinkedHashMap<>(cast(inputs));
        arrays.put(targets(head), Nd4j.createFromArray(targets).castTo(type));
        arrays.put(weights(head), column.castTo(type));
        return arrays;
    }

    private Map<String, INDArray> cast(Map<String, INDArray> inputs) {
        Map<String, INDArray> cast = new LinkedHashMap<>();
        inputs.forEach((name, array) -> {
            DataType expected = adapted.base().getVariable(name).dataType();
            cast.put(name, array.castTo(expected));
        });
        return cast;
    }

    @Override
    public double[][] outputs(Map<String, INDArray> inputs) {
        String name = outputs(head);
        return ArrayRows.of(adapted.output(cast(inputs), name).get(name));
    }

    @Override
    public Optional<FeatureExplainer> explainer(List<InputSpec> inputs) {
        if (inputs.get(0).kind() == InputSpec.Kind.TOKEN_IDS) {
            return Optional.of(IntegratedGradients.ofTokenRows(adapted.graph(), outputs(head)));
        }
        return Optional.of(IntegratedGradients.of(adapted, inputs.get(0).name(), outputs(head)));
    }

    @Override
    public void exportMerged(Path file) throws IOException {
        SameDiffFile.write(adapted.mergeAndUnload(), file);
    }
}
