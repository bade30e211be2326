/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A base model as a graph.
 *
 * @param layers the graph and its weights
 * @param output the output, in the shape that the case states
 * @param inputs the input of the case by placeholder
 */
record Net(Layers layers, SDVariable output, Map<String, INDArray> inputs) {}
