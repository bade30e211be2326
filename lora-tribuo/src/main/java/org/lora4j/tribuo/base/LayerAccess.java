/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a training loop needs of a network of layers.
 *
 * @param <N> kind of network
 */
interface LayerAccess<N extends Model> {

    /** The configuration of each layer by the part of a parameter's name before the underscore. */
    Map<String, Layer> layers(N network);

    /** The live array of a parameter. */
    INDArray parameter(N network, String key);

    /** All keys of parameters. */
    Iterable<String> keys(N network);

    /** One pass forwards and backwards: the mean loss stays in the network's score, gradients are sums. */
    void step(N network, int iteration, INDArray input, INDArray labels);

    /** The sum of gradients by key, valid until the next step. */
    default Map<String, INDArray> gradients(N network) {
        return network.gradient().gradientForVariable();
    }

    /** What the network gives, after the activation. */
    INDArray output(N network, INDArray input);
}
