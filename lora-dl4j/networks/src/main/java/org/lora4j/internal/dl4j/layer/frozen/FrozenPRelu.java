/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.frozen;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.FrozenBaseLayer;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A frozen PReLU whose slopes are shared along some axes: where {@code x} is below 0, the gradient is multiplied by the slope.
 * The native op of the stock layer's backward pass refuses such slopes in M2.1.
 */
final class FrozenPRelu extends FrozenBase {

    private static final long serialVersionUID = 1;

    FrozenPRelu(Layer stock, NeuralNetConfiguration outer, FrozenBaseLayer frozen) {
        super(stock, outer, frozen);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        INDArray slopes = getParam("W");
        INDArray below = underlying.input().lt(0).castTo(slopes.dataType());
        long[] once = new long[epsilon.rank()];
        once[0] = 1;
        System.arraycopy(slopes.shape(), 0, once, 1, slopes.rank());
        INDArray factor = below.mul(slopes.sub(1).reshape(once)).addi(1);
        INDArray next = mgr.dup(ArrayType.ACTIVATION_GRAD, epsilon, 'c');
        next.muli(factor);
        IDropout dropout = underlying.conf().getLayer().getIDropout();
        return new Pair<>(
                new DefaultGradient(),
                dropout == null ? next : dropout.backprop(next, next, getIterationCount(), getEpochCount()));
    }
}
