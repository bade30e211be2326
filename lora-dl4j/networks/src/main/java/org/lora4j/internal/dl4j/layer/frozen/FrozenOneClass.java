/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.frozen;

import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.FrozenBaseLayer;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A frozen {@code OCNNOutputLayer}, whose loss is {@code mean(max(0, r - g(x V) w)) / nu} and terms without x.
 *
 * <p>Two things of the stock layer of M2.1 are put right. It sets {@code r} by itself in the first step of every epoch but
 * epoch 0, frozen or not, so here it is always in that one. And it hands the derivative of the hinge below as the gradient of
 * its input, the same number for every feature, without the factor {@code -(w g'(x V)) V^T / nu}.
 */
final class FrozenOneClass extends FrozenOutput {

    private static final long serialVersionUID = 1;

    private final transient OCNNOutputLayer conf;

    FrozenOneClass(IOutputLayer stock, NeuralNetConfiguration outer, FrozenBaseLayer frozen) {
        super(stock, outer, frozen);
        this.conf = (OCNNOutputLayer) stock.conf().getLayer();
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        underlying.setEpochCount(0);
        conf.setLastEpochSinceRUpdated(0);
        Pair<Gradient, INDArray> stock = super.backpropGradient(epsilon, mgr);
        INDArray next = stock.getSecond();
        INDArray weights = getParam("v");
        INDArray hinge = next.getColumn(0, true).dup();
        INDArray hidden = underlying.input().castTo(weights.dataType()).mmul(weights);
        INDArray outer = hinge.mmul(getParam("w").reshape(1, hidden.columns())).divi(-conf.getNu());
        INDArray inner = conf.getActivationFn().backprop(hidden, outer).getFirst();
        INDArray result = mgr.create(ArrayType.ACTIVATION_GRAD, next.dataType(), next.shape(), 'f');
        return new Pair<>(stock.getFirst(), inner.mmuli(weights.transpose(), result));
    }
}
