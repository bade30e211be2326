/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.exec;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The result of one pass forwards and backwards.
 *
 * @param loss the sum of the graph's loss variables
 * @param gradients the gradient of {@code loss} by the name of the trainable variable, each of its variable's shape
 * @apiNote Status: experimental
 */
public record LossAndGradients(double loss, Map<String, INDArray> gradients) {}
