/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.util.Objects;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A stock loss with a weight for each example, which is the last column of the labels.
 *
 * <p>DL4J's masks cannot do this: layers multiply what goes into the activation by the mask as well, which is only right for
 * 0 and 1. Networks that leave this library have the stock loss.
 */
final class WeightedLoss implements ILossFunction {

    private static final long serialVersionUID = 1L;

    private final ILossFunction stock;

    /** Weights a loss. */
    public WeightedLoss(@JsonProperty("stock") ILossFunction stock) {
        this.stock = stock;
    }

    /** The loss without weights. */
    public ILossFunction getStock() {
        return stock;
    }

    private static INDArray targets(INDArray labels) {
        return labels.get(NDArrayIndex.all(), NDArrayIndex.interval(0, labels.size(1) - 1))
                .dup();
    }

    private static INDArray weights(INDArray labels) {
        long last = labels.size(1) - 1;
        return labels.get(NDArrayIndex.all(), NDArrayIndex.interval(last, last + 1))
                .dup();
    }

    @Override
    public double computeScore(
            INDArray labels, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
        double sum = computeScoreArray(labels, preOutput, activation, mask)
                .sumNumber()
                .doubleValue();
        return average ? sum / labels.size(0) : sum;
    }

    @Override
    public INDArray computeScoreArray(INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
        INDArray each = stock.computeScoreArray(targets(labels), preOutput, activation, mask);
        return each.reshape(labels.size(0), 1).mul(weights(labels));
    }

    @Override
    public INDArray computeGradient(INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
        return stock.computeGradient(targets(labels), preOutput, activation, mask)
                .muliColumnVector(weights(labels));
    }

    @Override
    public Pair<Double, INDArray> computeGradientAndScore(
            INDArray labels, INDArray preOutput, IActivation activation, INDArray mask, boolean average) {
        return new Pair<>(
                computeScore(labels, preOutput, activation, mask, average),
                computeGradient(labels, preOutput, activation, mask));
    }

    @Override
    public String name() {
        return toString();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof WeightedLoss that && stock.equals(that.stock);
    }

    @Override
    public int hashCode() {
        return Objects.hash(stock);
    }

    @Override
    public String toString() {
        return "WeightedLoss(" + stock + ")";
    }
}
