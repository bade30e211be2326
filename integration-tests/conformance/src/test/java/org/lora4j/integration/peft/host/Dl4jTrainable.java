/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.method.StepRule;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * A graph of Deeplearning4j as the training loop sees it, with its case's input and target in every batch: the loss is computed
 * here, the gradients by the layers.
 */
final class Dl4jTrainable implements Trainable, GraphExecutor {

    private final ComputationGraph network;
    private final INDArray input;
    private final Loss loss;
    private final INDArray target;
    private final Trainable own;

    /** {@code own} is the network as it trains itself, under a loss of its layers: parameters go by the same names. */
    Dl4jTrainable(ComputationGraph network, INDArray input, Loss loss, INDArray target, Trainable own) {
        this.network = network;
        this.input = input;
        this.loss = loss;
        this.target = target;
        this.own = own;
    }

    /** A loss and its gradient by the output. */
    private record Errors(double loss, INDArray gradient) {}

    private Errors errors(INDArray y) {
        switch (loss) {
            case SUM_OF_SQUARES -> {
                return new Errors(y.mul(y).sumNumber().doubleValue(), y.mul(2));
            }
            case MEAN_SQUARED_ERROR -> {
                INDArray difference = y.sub(target);
                double mean = difference.mul(difference).meanNumber().doubleValue();
                return new Errors(mean, difference.mul(2.0 / y.length()));
            }
            default -> {
                INDArray shares = Transforms.softmax(y, true);
                double sum =
                        Transforms.log(shares, true).mul(target).sumNumber().doubleValue();
                return new Errors(-sum / y.size(0), shares.sub(target).div(y.size(0)));
            }
        }
    }

    LossAndGradients gradients() {
        Map<String, INDArray> activations = network.feedForward(new INDArray[] {input}, true, false);
        String output = network.getConfiguration().getNetworkOutputs().get(0);
        Errors errors = errors(activations.get(output));
        Gradient gradient = network.backpropGradient(errors.gradient());
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        gradient.gradientForVariable().forEach((key, array) -> gradients.put(name(key), array.dup()));
        return new LossAndGradients(errors.loss(), gradients);
    }

    /** What the array is called that a gradient of Deeplearning4j belongs to. */
    private String name(String key) {
        INDArray value = network.getParam(key);
        return own.trainableParameters().stream()
                .filter(parameter -> parameter.value() == value)
                .map(TrainableParameter::name)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("gradient of \"" + key + "\", which does not learn"));
    }

    @Override
    public List<TrainableParameter> trainableParameters() {
        return own.trainableParameters();
    }

    @Override
    public List<StepRule> stepRules() {
        return own.stepRules();
    }

    @Override
    public GraphExecutor executor() {
        return this;
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
        throw new UnsupportedOperationException("output: golden cases are trained without evaluation");
    }

    @Override
    public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
        return gradients();
    }

    @Override
    public GraphExecutor fork() {
        throw new UnsupportedOperationException("fork: golden cases are trained on one thread");
    }
}
