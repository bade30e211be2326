/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.frozen;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.FrozenBaseLayer;
import org.lora4j.internal.array.Broadcasts;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Frozen batch normalization: in training too it uses the mean and the variance that the base has learned. With those of the
 * batch, the layers above would be trained on other numbers than inference gives them, as the base's are not updated.
 *
 * <p>It is then an affine map of each channel, {@code y = g (x - m) / sqrt(v + eps) + b}.
 */
final class FrozenNormalization extends FrozenBase {

    private static final long serialVersionUID = 1;

    private final transient BatchNormalization conf;
    private final transient boolean shiftLearns;

    FrozenNormalization(Layer stock, NeuralNetConfiguration outer, FrozenBaseLayer frozen) {
        super(stock, outer, frozen);
        this.conf = (BatchNormalization) frozen.getUnderlying();
        this.shiftLearns = frozen.learning().contains("beta");
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        return underlying.activate(false, mgr);
    }

    @Override
    public INDArray activate(INDArray input, boolean training, LayerWorkspaceMgr mgr) {
        return underlying.activate(input, false, mgr);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        boolean channelsLast = epsilon.rank() == 4 && conf.getCnn2DFormat() == CNN2DFormat.NHWC;
        int channel = channelsLast ? 3 : 1;
        Gradient gradient = new DefaultGradient();
        if (shiftLearns) {
            int[] others =
                    epsilon.rank() == 2 ? new int[] {0} : channelsLast ? new int[] {0, 1, 2} : new int[] {0, 2, 3};
            INDArray shift = ownGradient("beta");
            shift.assign(epsilon.sum(others).reshape(shift.shape()));
            gradient.gradientForVariable().put("beta", shift);
        }
        INDArray next = mgr.dup(ArrayType.ACTIVATION_GRAD, epsilon, 'c');
        return new Pair<>(gradient, Broadcasts.mul(next, slope(), channel));
    }

    private INDArray slope() {
        INDArray variance = conf.isUseLogStd() ? squaredPowers(getParam("log10stdev")) : getParam("var");
        INDArray deviation = Transforms.sqrt(variance.add(conf.getEps()));
        return conf.isLockGammaBeta()
                ? deviation.rdiv(locked())
                : getParam("gamma").div(deviation);
    }

    private static INDArray squaredPowers(INDArray log10) {
        return Transforms.pow(Nd4j.valueArrayOf(log10.shape(), 100.0, log10.dataType()), log10);
    }

    // M2.1 ignores a locked gain unless both it and the shift differ from their defaults.
    private double locked() {
        return conf.getGamma() != 1 && conf.getBeta() != 0 ? conf.getGamma() : 1;
    }
}
