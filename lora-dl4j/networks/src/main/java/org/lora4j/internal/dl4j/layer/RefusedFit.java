/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Refuses a step of DL4J's own {@code fit} with a method that wants a word in each step, as AdaLoRA does: {@code fit} would train
 * something else in silence. It stands among the regularizations because DL4J asks for these before it changes a parameter,
 * and only when it does so itself.
 */
final class RefusedFit implements Regularization {

    private static final long serialVersionUID = 1L;

    private final String method;

    RefusedFit(String method) {
        this.method = method;
    }

    @Override
    public ApplyStep applyStep() {
        return ApplyStep.BEFORE_UPDATER;
    }

    @Override
    public void apply(INDArray parameter, INDArray gradient, double rate, int iteration, int epoch) {
        throw new IllegalStateException("fit: the network trains an adapter of " + method
                + ", whose budget and whose term of the loss fit does not know; expected the training loop of"
                + " org.lora4j.train. Train with Trainer.builder(model.trainable(names)).");
    }

    @Override
    public double score(INDArray parameter, int iteration, int epoch) {
        return 0;
    }

    @Override
    public Regularization clone() {
        return this;
    }
}
