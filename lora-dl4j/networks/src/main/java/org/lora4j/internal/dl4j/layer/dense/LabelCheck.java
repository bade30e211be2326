/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer.dense;

import java.util.Arrays;
import org.deeplearning4j.nn.layers.BaseOutputLayer;
import org.lora4j.error.MessageText;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossMixtureDensity;
import org.nd4j.linalg.lossfunctions.impl.LossSparseMCXENT;

/**
 * Refuses labels that an output layer cannot compare with what it computes, in the words of the data. DL4J compares two shapes,
 * and takes class numbers beyond the outputs for rows without a class.
 */
final class LabelCheck {

    private static final String STOCK = LossSparseMCXENT.class.getPackageName();

    private LabelCheck() {}

    /** The same labels, one row for each row of outputs, if they fit. */
    static INDArray of(BaseOutputLayer<?> layer, INDArray rows) {
        ILossFunction loss = layer.layerConf().getLossFn();
        // A loss of the caller's, or a mixture density, may want labels of any form.
        if (!loss.getClass().getPackageName().equals(STOCK) || loss instanceof LossMixtureDensity) {
            return rows;
        }
        long outputs = layer.getParam("W").size(1);
        boolean numbers = loss instanceof LossSparseMCXENT;
        if (rows.size(1) != (numbers ? 1 : outputs)) {
            throw misfit(
                    layer,
                    numbers ? "one column of class numbers" : outputs + " columns, one for each output",
                    advice(rows.size(1), outputs, numbers));
        }
        INDArray seen = numbers ? unmasked(rows, layer.getMaskArray()) : null;
        if (seen != null
                && !(seen.minNumber().doubleValue() >= 0 && seen.maxNumber().doubleValue() < outputs)) {
            throw misfit(
                    layer,
                    "0 to " + (outputs - 1) + ", as the layer has " + outputs + " outputs",
                    "Classes count from 0: subtract 1 if yours start at 1, else give the layer an output for each class");
        }
        return rows;
    }

    /** Class numbers with 0 in the place of those that are left out; null where they cannot be told from the others. */
    private static INDArray unmasked(INDArray rows, INDArray mask) {
        if (mask == null) {
            return rows;
        }
        return Arrays.equals(mask.shape(), rows.shape()) ? rows.mul(mask.castTo(rows.dataType())) : null;
    }

    private static String advice(long columns, long outputs, boolean numbers) {
        if (numbers) {
            return "Give the number of the class, from 0, for each row, or take LossMCXENT";
        }
        return columns == 1
                ? "They look like class numbers: give a row for each with a 1 at its class, or take LossSparseMCXENT;"
                        + " classes count from 0"
                : "The data has " + columns + " classes and the layer " + outputs
                        + " outputs: give the base an output for"
                        + " each (nOutReplace of TransferLearning), or leave out what it does not know";
    }

    private static IllegalArgumentException misfit(BaseOutputLayer<?> layer, String expected, String advice) {
        INDArray labels = layer.getLabels();
        String name = layer.layerConf().getLayerName();
        return new IllegalArgumentException("output layer " + MessageText.name((name == null ? layer.getIndex() : name))
                + ": labels of shape " + Arrays.toString(labels.shape()) + " with values from " + labels.minNumber()
                + " to " + labels.maxNumber() + "; expected " + expected + ". " + advice + ".");
    }
}
