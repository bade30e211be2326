/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.dense;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.lora4j.dl4j.layer.LoraCenterLossOutputLayer;
import org.lora4j.dl4j.layer.LoraLayer;
import org.lora4j.internal.array.Broadcasts;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A running {@link LoraCenterLossOutputLayer}.
 *
 * <p><i>Source</i>: Wen, Zhang, Li and Qiao, 2016, A Discriminative Feature Learning Approach for Deep Face Recognition,
 * equations 2 to 5.
 *
 * @apiNote Status: internal
 */
public final class CenterLossUpdates extends RunningCenterLossOutputLayer {

    private static final long serialVersionUID = 1;
    private static final String CENTERS = "cL";

    public CenterLossUpdates(NeuralNetConfiguration conf, DataType type, LoraLayer layer) {
        super(conf, type, layer);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        INDArray z = preOutput2d(true, mgr);
        INDArray classes = getLabels2d(mgr, ArrayType.BP_WORKING_MEM);
        INDArray delta =
                layerConf().getLossFn().computeGradient(classes, z, layerConf().getActivationFn(), maskArray);
        INDArray x = input.castTo(dataType);
        Pair<Gradient, INDArray> result = path.backward(x, delta, gradientViews, mgr);
        INDArray oneHot = classes.castTo(dataType);
        INDArray fromCenters = x.sub(oneHot.mmul(getParam(CENTERS)));
        if (settings.learns(CENTERS)) {
            INDArray view = gradientViews.get(CENTERS);
            view.assign(ofCenters(oneHot, fromCenters));
            result.getFirst().gradientForVariable().put(CENTERS, view);
        }
        if (result.getSecond() != null) {
            INDArray next = result.getSecond().addi(fromCenters.muli(layerConf().getLambda()));
            result.setSecond(backpropDropOutIfPresent(next));
        }
        return result;
    }

    /** The step of the centers by the paper's rule, or the gradient where gradients are checked; as in the stock layer. */
    private INDArray ofCenters(INDArray oneHot, INDArray fromCenters) {
        INDArray sums = oneHot.transpose().mmul(fromCenters).muli(-layerConf().getAlpha());
        return layerConf().getGradientCheck()
                ? sums.muli(layerConf().getLambda())
                : Broadcasts.divColumn(
                        sums, oneHot.sum(0).reshape(oneHot.size(1), 1).addi(1));
    }

    @Override
    public void computeGradientAndScore(LayerWorkspaceMgr mgr) {
        if (input != null && labels != null) {
            gradient = backpropGradient(null, mgr).getFirst();
            score = computeScore(0, true, mgr);
        }
    }

    @Override
    public double computeScore(double regularization, boolean training, LayerWorkspaceMgr mgr) {
        if (labels != null) {
            // The stock layer multiplies them with the centers first.
            LabelCheck.of(this, labels);
        }
        return super.computeScore(regularization, training, mgr);
    }
}
