/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a method does in a training beside its gradients, over all modules of an adapter: a term of the loss, and a word after
 * each step of the optimizer. Made for one run, which asks the model for it ({@code train.Trainable.stepRules}).
 *
 * <p>Parameters go by the names under which the model trains them, in PEFT's shapes.
 *
 * <p><b>State.</b> Has what it remembers between steps; {@link #state} and {@link #restore} carry it through checkpoints, so
 * that a run that is taken up again gives the same bits.
 *
 * <p><b>Identity.</b> {@link Object#toString} tells everything by which two rules differ, and nothing that differs between
 * processes: a checkpoint belongs to a rule.
 *
 * <p><b>Threads.</b> Called by the thread of the run.
 *
 * @apiNote Status: stable
 */
public interface StepRule {

    /**
     * A term of the loss.
     *
     * @param loss its value
     * @param gradients its gradients by name, new arrays of the shape and type of their parameters
     * @apiNote Status: stable
     */
    record Term(double loss, Map<String, INDArray> gradients) {}

    /**
     * The term at the current values.
     *
     * @param values all parameters that learn, by name; not to be written to
     * @return a finite value and gradients
     */
    Term penalty(Map<String, INDArray> values);

    /**
     * Has its word after a step.
     *
     * @param step number of the step, from 0
     * @param values all parameters that learn as they are after the step, by name; it may write to those of its adapter
     * @param gradients the gradients that the optimizer got, of the loss with all its terms, by name; without parameters
     *     that no batch of the step reached
     */
    void afterStep(long step, Map<String, INDArray> values, Map<String, INDArray> gradients);

    /**
     * Has its word when a run is over, or stopped: parameters may be those of an earlier step by now.
     *
     * @param values all parameters that learn, by name
     */
    void afterRun(Map<String, INDArray> values);

    /**
     * What is remembered.
     *
     * @return floating-point arrays with at least one element, by name
     */
    Map<String, INDArray> state();

    /**
     * Takes up what was remembered.
     *
     * @param state what {@link #state} gave
     * @throws IllegalArgumentException if that was another rule's
     */
    void restore(Map<String, INDArray> state);
}
