/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/** In the place of a loss: the outputs after the activation, each times the number that is given for it as label, added up. */
final class SelectedOutputs implements ILossFunction {

    private static final long serialVersionUID = 1;

    @Override
    public double computeScore(
            INDArray selector, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
        return computeScoreArray(selector, preOutput, activation, mask)
                .sumNumber()
                .doubleValue();
    }

    @Override
    public INDArray computeScoreArray(INDArray selector, INDArray preOutput, IActivation activation, INDArray mask) {
        return activation.getActivation(preOutput.dup(), false).muli(selector).sum(true, 1);
    }

    @Override
    public INDArray computeGradient(INDArray selector, INDArray preOutput, IActivation activation, INDArray mask) {
        return activation
                .backprop(preOutput.dup(), selector.castTo(preOutput.dataType()).dup())
                .getFirst();
    }

    @Override
    public Pair<Double, INDArray> computeGradientAndScore(
            INDArray selector, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
        return new Pair<>(
                computeScore(selector, preOutput, activation, mask, average),
                computeGradient(selector, preOutput, activation, mask));
    }

    @Override
    public String name() {
        return getClass().getSimpleName();
    }
}
