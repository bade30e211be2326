/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.interpret;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.dl4j.InputGradients;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a network of Deeplearning4j gives, as a function of its first input.
 *
 * @param network the network
 * @apiNote Status: internal
 */
public record NetworkFunction(InputGradients network) implements ModelFunction, RowsLine.Runner {

    @Override
    public INDArray output(INDArray value, Map<String, INDArray> others) {
        return network.output(inputs(value, others));
    }

    @Override
    public INDArray gradient(INDArray value, Map<String, INDArray> others, INDArray selector) {
        return network.gradient(inputs(value, others), selector);
    }

    private Map<String, INDArray> inputs(INDArray value, Map<String, INDArray> others) {
        Map<String, INDArray> inputs = new LinkedHashMap<>(others);
        inputs.put(network.input(), value);
        return inputs;
    }

    @Override
    public Line between(INDArray baseline, INDArray value, Map<String, INDArray> others, long element) {
        return new RowsLine(this, DataType.DOUBLE, baseline, value, others, element);
    }
}
