/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What is the same in both kinds of networks of layers, and called otherwise.
 *
 * @param <N> kind of network
 */
interface LayerAccess<N extends Model> {

    /** The configuration of each layer by the part of a parameter's name before the underscore. */
    Map<String, Layer> layers(N network);

    /** What the network gives, after the activation. */
    INDArray output(N network, INDArray input);
}
