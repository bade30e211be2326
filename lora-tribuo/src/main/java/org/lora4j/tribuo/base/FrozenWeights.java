/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.dl4j.AdaptedNetwork;

/** How the frozen weights of networks of layers are held while adapters are on: the one place to choose a memory mode. */
final class FrozenWeights {

    private FrozenWeights() {}

    static AdaptedNetwork<MultiLayerNetwork> adapted(MultiLayerNetwork shared) {
        return AdaptedNetwork.of(shared);
    }

    static AdaptedNetwork<ComputationGraph> adapted(ComputationGraph shared) {
        return AdaptedNetwork.of(shared);
    }
}
