/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.util.ArrayList;
import java.util.Map;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.weights.WeightInit;
import org.lora4j.error.Problems;
import org.lora4j.tribuo.output.Loss;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Layers without what concerns the base's own training, and new output layers. */
final class PlainLayers {

    private record OutputKind(Activation activation, LossFunction loss) {}

    private static final Map<Loss, OutputKind> OUTPUTS = Map.of(
            Loss.SOFTMAX_CROSS_ENTROPY, new OutputKind(Activation.SOFTMAX, LossFunction.MCXENT),
            Loss.SIGMOID_CROSS_ENTROPY, new OutputKind(Activation.SIGMOID, LossFunction.XENT),
            Loss.SQUARED_ERROR, new OutputKind(Activation.IDENTITY, LossFunction.MSE));

    private PlainLayers() {}

    /**
     * The layer without dropout (it draws from ND4J's global generator), weight noise, constraints, regularization, clipping
     * and updater. A frozen layer becomes the layer inside: everything is frozen here.
     */
    static Layer of(Layer layer) {
        Layer plain = layer instanceof FrozenLayer frozen ? frozen.getLayer().clone() : layer.clone();
        if (layer instanceof FrozenLayer) {
            plain.setLayerName(layer.getLayerName());
        }
        strip(plain);
        return plain;
    }

    private static void strip(Layer layer) {
        layer.setIDropout(null);
        layer.setConstraints(null);
        if (layer instanceof BaseLayer base) {
            base.setIUpdater(new Sgd());
            base.setBiasUpdater(null);
            base.setRegularization(new ArrayList<>());
            base.setRegularizationBias(new ArrayList<>());
            base.setWeightNoise(null);
            base.setGradientNormalization(GradientNormalization.None);
        } else if (layer instanceof BaseWrapperLayer wrapper) {
            strip(wrapper.getUnderlying());
        } else if (layer instanceof Bidirectional both) {
            strip(both.getFwd());
            strip(both.getBwd());
        }
    }

    /** The output layer of a network, or an error that says what stands in its place. */
    static OutputLayer output(Layer last, String where) {
        if (last instanceof OutputLayer output) {
            return output;
        }
        throw new IllegalArgumentException("BaseNetwork: the last layer, " + where + ", is of kind "
                + last.getClass().getSimpleName() + "; expected OutputLayer, whose place the head takes."
                + " Build the network with an OutputLayer at its end (TransferLearning can replace it).");
    }

    /** An output layer in the place of another. */
    static OutputLayer output(OutputLayer before, HeadShape head) {
        OutputKind kind = OUTPUTS.get(head.loss());
        return new OutputLayer.Builder(new WeightedLoss(kind.loss().getILossFunction()))
                .name(before.getLayerName())
                .activation(kind.activation())
                .weightInit(WeightInit.XAVIER)
                .updater(new Sgd())
                .nIn(before.getNIn())
                .nOut(head.outputs())
                .build();
    }

    /** Gives an output layer that leaves this library the stock loss. */
    static void unweight(Layer layer) {
        if (layer instanceof OutputLayer output && output.getLossFn() instanceof WeightedLoss weighted) {
            output.setLossFn(weighted.getStock());
        }
    }

    /** Checks that a network's own output layer gives what a head of that shape gives. */
    static void requireFits(OutputLayer own, HeadShape head) {
        IActivation expected = OUTPUTS.get(head.loss()).activation().getActivationFunction();
        Problems problems = new Problems();
        problems.check(
                own.getNOut() == head.outputs(), "it has " + own.getNOut() + " outputs, expected " + head.outputs());
        problems.check(
                own.getActivationFn().equals(expected),
                "its activation is " + own.getActivationFn() + ", expected " + expected + " for " + head.loss());
        problems.check(own.hasBias(), "it has no bias, expected one");
        problems.throwIfAny("BaseNetwork: the own head \"" + own.getLayerName() + "\" cannot be reused");
    }
}
