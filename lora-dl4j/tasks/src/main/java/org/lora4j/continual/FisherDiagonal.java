/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.continual;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.LossAndGradients;
import org.lora4j.train.Batch;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How much each number of the parameters matters for what was learned: the diagonal of the empirical Fisher information, the
 * mean over examples of the square of the gradient of the loss. A value.
 *
 * <p>A batch of n examples whose loss is their mean counts as {@code n^2 g^2}: exact for batches of one example; for larger
 * ones an estimate that is right on average once the mean gradient of all examples is 0, as it is where training ended.
 *
 * <p><i>Source:</i> Kirkpatrick et al. 2017, arXiv:1612.00796, equation 3. With labels from the data, as nearly all programs
 * have it, this is the <em>empirical</em> Fisher (Kunstner et al. 2019, arXiv:1905.12558, on what that costs): numbers that
 * the model is already sure of look unimportant.
 *
 * @apiNote Status: experimental
 */
public final class FisherDiagonal {

    private final Map<String, INDArray> importance;
    private final long examples;

    private FisherDiagonal(Map<String, INDArray> importance, long examples) {
        this.importance = importance;
        this.examples = examples;
    }

    /**
     * Estimates importances. Nothing learns.
     *
     * @param model the model after training, without dropout
     * @param batches examples of the task, each once; batches of one are exact. Disposable ones are closed
     * @return the importances of the parameters that could learn now
     * @throws IllegalArgumentException if there is no batch
     * @throws IllegalStateException if a gradient is missing or not finite
     */
    public static FisherDiagonal of(Trainable model, Iterator<Batch> batches) {
        if (!batches.hasNext()) {
            throw new IllegalArgumentException(
                    "FisherDiagonal: no batches; expected one or more. Give it examples of the task just learned.");
        }
        GraphExecutor executor = model.executor();
        Map<String, INDArray> sums = new TreeMap<>();
        model.trainableParameters().forEach(p -> sums.put(p.name(), p.value().like()));
        long examples = 0;
        while (batches.hasNext()) {
            Batch batch = batches.next();
            LossAndGradients pass = executor.gradients(batch.placeholders(), 0);
            for (TrainableParameter parameter : model.trainableParameters()) {
                add(pass.gradients().get(parameter.name()), parameter, batch.examples(), sums);
            }
            examples += batch.examples();
            if (batch.disposable()) {
                batch.placeholders().values().forEach(INDArray::close);
            }
        }
        for (INDArray sum : sums.values()) {
            sum.divi(examples);
        }
        return new FisherDiagonal(sums, examples);
    }

    private static void add(INDArray gradient, TrainableParameter parameter, int examples, Map<String, INDArray> sums) {
        if (gradient == null) {
            throw new IllegalStateException("FisherDiagonal: no gradient for " + MessageText.name(parameter.name())
                    + "; expected one for each parameter that learns. Make it from the model that was trained.");
        }
        INDArray square = gradient.mul(gradient);
        double sum = square.sumNumber().doubleValue();
        if (!Double.isFinite(sum)) {
            throw new IllegalStateException("FisherDiagonal: the gradient of " + MessageText.name(parameter.name())
                    + " is not finite; expected finite numbers. Check that training went well.");
        }
        sums.get(parameter.name()).addi(square.muli((double) examples * examples));
        square.close();
    }

    /**
     * The importances of earlier tasks and of one more, to hold on to the values after the last.
     *
     * @param decay what the earlier ones still count, 0 to 1; 1 forgets none
     * @param later the importances for the task learned last, for the same parameters
     * @return a new value: {@code decay * this + later}; parameters that only one knows keep what they have
     * @throws IllegalArgumentException if the decay is outside of its range
     */
    public FisherDiagonal plus(double decay, FisherDiagonal later) {
        Problems problems = new Problems();
        problems.check(decay >= 0 && decay <= 1, "decay = " + decay + ", expected a number from 0 to 1");
        problems.throwIfAny("FisherDiagonal");
        Map<String, INDArray> sums = new TreeMap<>();
        importance.forEach((name, array) -> sums.put(name, array.mul(decay)));
        later.importance.forEach((name, array) -> sums.merge(name, array.dup(), (one, other) -> one.addi(other)));
        return new FisherDiagonal(sums, examples + later.examples);
    }

    /**
     * The importances of one parameter.
     *
     * @param parameter its name
     * @return a copy, of the parameter's shape, numbers of 0 or more
     * @throws IllegalArgumentException if it is none of these
     */
    public INDArray of(String parameter) {
        INDArray found = importance.get(parameter);
        if (found == null) {
            throw new IllegalArgumentException("FisherDiagonal: no importances of " + MessageText.name(parameter)
                    + ClosestNames.hint(parameter, importance.keySet()) + "; expected one of "
                    + Problems.quoted(importance.keySet()) + ".");
        }
        return found.dup();
    }

    /**
     * Number of examples that they were estimated from.
     *
     * @return 1 or more
     */
    public long examples() {
        return examples;
    }

    /** The arrays themselves, not to be written to. */
    Map<String, INDArray> live() {
        return new LinkedHashMap<>(importance);
    }

    @Override
    public String toString() {
        return "FisherDiagonal[" + importance.size() + " parameters, " + examples + " examples]";
    }
}
