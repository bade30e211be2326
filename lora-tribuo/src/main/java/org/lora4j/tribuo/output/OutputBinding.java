/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.output;

import org.tribuo.Example;
import org.tribuo.Output;
import org.tribuo.Prediction;

/**
 * Outputs of one domain as rows of one head.
 *
 * <p><b>State.</b> Immutable. <b>Threads.</b> Safe.
 *
 * @param <T> type of output
 * @apiNote Status: stable
 */
public interface OutputBinding<T extends Output<T>> {

    /**
     * What the network is to give.
     *
     * @param output an output of the domain
     * @return a value for each row of the head
     * @throws IllegalArgumentException if the output is not of the domain or holds a value that is not finite
     */
    double[] target(T output);

    /**
     * What the network gave, as a prediction.
     *
     * @param outputs a value for each row of the head, after the activation
     * @param used number of features of the example that the network saw
     * @param example the example
     * @return the prediction
     */
    Prediction<T> predict(double[] outputs, int used, Example<T> example);
}
