/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A graph that keeps the gradient of its first input, which stock graphs compute and throw away. Without workspaces. */
final class InputGradientGraph extends ComputationGraph {

    private static final long serialVersionUID = 1;

    private transient INDArray inputGradient;

    InputGradientGraph(ComputationGraphConfiguration conf) {
        super(conf);
    }

    @Override
    protected void calcBackpropGradients(boolean clearLayers, boolean truncated, INDArray... external) {
        super.calcBackpropGradients(false, truncated, external);
        inputGradient = getVertex(getConfiguration().getNetworkInputs().get(0)).getEpsilon();
    }

    /** The gradient of the last pass; null if nothing gives one. */
    INDArray inputGradient() {
        return inputGradient;
    }
}
