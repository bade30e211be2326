/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.TrainableParameter.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The network of the golden training cases, forward and backward by hand: fc1, fc2, fc3 with ReLU between, {@code z = h W^T +
 * b + (h A^T) B^T scale}, mean squared error or cross entropy. What the case trains is what it has {@code start.} values for.
 */
final class LoraMlp implements Trainable, GraphExecutor {

    private static final String PREFIX = "base_model.model.";
    private static final double SCALE = 8.0 / 4;
    private static final int LAYERS = 3;

    private final GoldenCase golden;
    private final boolean crossEntropy;
    private final Map<String, INDArray> live = new LinkedHashMap<>();

    LoraMlp(GoldenCase golden, boolean crossEntropy) {
        this.golden = golden;
        this.crossEntropy = crossEntropy;
        golden.io().forEach((key, value) -> {
            if (key.startsWith("start.")) {
                live.put(key.substring("start.".length()), value.dup());
            }
        });
    }

    @Override
    public List<TrainableParameter> trainableParameters() {
        List<TrainableParameter> parameters = new ArrayList<>();
        live.forEach((name, value) -> {
            Kind kind = name.contains("lora_") ? Kind.FACTOR : name.endsWith("bias") ? Kind.BIAS_OR_NORM : Kind.WEIGHT;
            parameters.add(
                    new TrainableParameter(name, name.substring(PREFIX.length(), PREFIX.length() + 3), kind, value));
        });
        return parameters;
    }

    @Override
    public GraphExecutor executor() {
        return this;
    }

    @Override
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, Collection<String> outputs) {
        throw new UnsupportedOperationException("not needed");
    }

    @Override
    public LossAndGradients gradients(Map<String, INDArray> placeholders, long seed) {
        INDArray[] inputs = new INDArray[LAYERS + 1];
        inputs[0] = placeholders.get("x");
        INDArray z = null;
        for (int i = 0; i < LAYERS; i++) {
            z = inputs[i].mmul(weight(i).transpose()).addRowVector(bias(i));
            if (a(i) != null) {
                z = z.add(
                        inputs[i].mmul(a(i).transpose()).mmul(b(i).transpose()).mul(SCALE));
            }
            inputs[i + 1] = Transforms.relu(z, true);
        }
        INDArray target = placeholders.get("target");
        INDArray p = crossEntropy ? Transforms.softmax(z, true) : z;
        double loss = crossEntropy
                ? -target.mul(Transforms.log(p, true)).sumNumber().doubleValue() / target.rows()
                : Transforms.pow(p.sub(target), 2, true).meanNumber().doubleValue();
        INDArray dz = p.sub(target).mul(crossEntropy ? 1.0 / target.rows() : 2.0 / target.length());
        return new LossAndGradients(loss, backward(inputs, dz));
    }

    private Map<String, INDArray> backward(INDArray[] inputs, INDArray dLast) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        INDArray dz = dLast;
        for (int i = LAYERS - 1; i >= 0; i--) {
            INDArray h = inputs[i];
            INDArray dh = dz.mmul(weight(i));
            gradients.put(name(i, "weight"), dz.transpose().mmul(h));
            gradients.put(name(i, "bias"), dz.sum(0));
            gradients.put(name(i, "base_layer.bias"), dz.sum(0));
            if (a(i) != null) {
                gradients.put(
                        name(i, "lora_B.weight"),
                        dz.transpose().mmul(h.mmul(a(i).transpose())).mul(SCALE));
                gradients.put(
                        name(i, "lora_A.weight"),
                        dz.mmul(b(i)).transpose().mmul(h).mul(SCALE));
                dh = dh.add(dz.mmul(b(i)).mmul(a(i)).mul(SCALE));
            }
            dz = dh.mul(h.gt(0).castTo(h.dataType()));
        }
        return gradients;
    }

    private INDArray a(int layer) {
        return live.get(name(layer, "lora_A.weight"));
    }

    private INDArray b(int layer) {
        return live.get(name(layer, "lora_B.weight"));
    }

    private INDArray weight(int layer) {
        return live.getOrDefault(name(layer, "weight"), golden.base().get("fc" + (layer + 1) + ".weight"));
    }

    private INDArray bias(int layer) {
        INDArray ofBase = golden.base().get("fc" + (layer + 1) + ".bias");
        INDArray trained = live.getOrDefault(name(layer, "base_layer.bias"), live.get(name(layer, "bias")));
        return (trained == null ? ofBase : trained).reshape(1, ofBase.length());
    }

    private static String name(int layer, String tail) {
        return PREFIX + "fc" + (layer + 1) + "." + tail;
    }

    static Batch batch(GoldenCase golden) {
        return Batch.of(Map.of("x", golden.io("x"), "target", golden.io("target")), (int)
                golden.io("x").size(0));
    }

    @Override
    public LoraMlp fork() {
        return this;
    }
}
