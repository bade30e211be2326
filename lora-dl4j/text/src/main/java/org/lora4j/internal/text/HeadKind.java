/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import org.lora4j.pretrained.EncoderClassifier;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * What the numbers of a linear head mean, and by which loss it learns. The loss stands here twice, as ops of a graph and over
 * rows of plain numbers for the convex start; a test compares the two.
 *
 * @apiNote Status: internal
 */
public enum HeadKind {
    /** One class of several: {@code -sum(target * log(softmax(z)))}. Targets may carry weights. */
    ONE_CLASS(false, false) {
        @Override
        SDVariable loss(SameDiff sd, SDVariable logits, SDVariable labels) {
            return crossEntropy(sd, logits, labels);
        }

        @Override
        double loss(double[] z, float[] target, double[] gradient) {
            double most = Double.NEGATIVE_INFINITY;
            for (double value : z) {
                most = Math.max(most, value);
            }
            double mass = 0;
            double sum = 0;
            double ofTarget = 0;
            for (int j = 0; j < z.length; j++) {
                gradient[j] = Math.exp(z[j] - most);
                sum += gradient[j];
                mass += target[j];
                ofTarget += target[j] * z[j];
            }
            for (int j = 0; j < z.length; j++) {
                gradient[j] = mass / sum * gradient[j] - target[j];
            }
            return mass * (most + Math.log(sum)) - ofTarget;
        }
    },
    /** The same for each token. Tokens without a class have zeros as target, which add nothing. */
    CLASS_OF_EACH_TOKEN(true, false) {
        @Override
        SDVariable loss(SameDiff sd, SDVariable logits, SDVariable labels) {
            return crossEntropy(sd, logits, labels);
        }

        @Override
        double loss(double[] z, float[] target, double[] gradient) {
            return ONE_CLASS.loss(z, target, gradient);
        }
    },
    /** Any of several classes: the mean over them of the binary cross entropy of {@code sigmoid(z)}. */
    ANY_CLASSES(false, true) {
        @Override
        SDVariable loss(SameDiff sd, SDVariable logits, SDVariable labels) {
            return sd.loss().sigmoidCrossEntropy(EncoderClassifier.LOSS, labels, logits, null);
        }

        @Override
        double loss(double[] z, float[] target, double[] gradient) {
            double loss = 0;
            for (int j = 0; j < z.length; j++) {
                double less = Math.exp(-Math.abs(z[j]));
                double p = (z[j] < 0 ? less : 1) / (1 + less);
                loss += Math.max(z[j], 0) - z[j] * target[j] + Math.log1p(less);
                gradient[j] = (p - target[j]) / z.length;
            }
            return loss / z.length;
        }
    },
    /** Numbers: the mean of {@code (z - target)^2}. */
    NUMBERS(false, true) {
        @Override
        SDVariable loss(SameDiff sd, SDVariable logits, SDVariable labels) {
            return sd.loss().meanSquaredError(EncoderClassifier.LOSS, labels, logits, null);
        }

        @Override
        double loss(double[] z, float[] target, double[] gradient) {
            double loss = 0;
            for (int j = 0; j < z.length; j++) {
                double error = z[j] - target[j];
                loss += error * error / z.length;
                gradient[j] = 2 * error / z.length;
            }
            return loss;
        }
    };

    private final boolean perToken;
    private final boolean meanOfOutputs;

    HeadKind(boolean perToken, boolean meanOfOutputs) {
        this.perToken = perToken;
        this.meanOfOutputs = meanOfOutputs;
    }

    /**
     * Whether there is a result for each token, not for each text.
     *
     * @return true if so
     */
    public boolean isPerToken() {
        return perToken;
    }

    /** By how much the loss of a row is less than the sum of what each output learns by itself. */
    double share(int outputs) {
        return meanOfOutputs ? 1.0 / outputs : 1;
    }

    /** Appends the loss, the mean over rows, as {@link EncoderClassifier#LOSS}. */
    abstract SDVariable loss(SameDiff sd, SDVariable logits, SDVariable labels);

    /** The loss of a row, and its gradient by the logits. */
    abstract double loss(double[] z, float[] target, double[] gradient);

    // Not the stock loss, whose gradient is wrong where the labels of a row do not add up to 1.
    private static SDVariable crossEntropy(SameDiff sd, SDVariable logits, SDVariable labels) {
        SDVariable logarithms = sd.nn().logSoftmax("loss/log_probabilities", logits, 1);
        SDVariable likelihood = sd.sum("loss/log_likelihood", labels.mul("loss/of_labels", logarithms), 1);
        return sd.mean(EncoderClassifier.LOSS, likelihood.neg("loss/of_rows"), 0);
    }
}
