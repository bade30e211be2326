/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.MemoryMode;

/** How the frozen weights of networks of layers are held while adapters are on: once, whatever reads them. */
final class FrozenWeights {

    private FrozenWeights() {}

    static AdaptedNetwork<MultiLayerNetwork> adapted(MultiLayerNetwork shared) {
        return AdaptedNetwork.of(shared, MemoryMode.LOW_MEMORY);
    }

    static AdaptedNetwork<ComputationGraph> adapted(ComputationGraph shared) {
        return AdaptedNetwork.of(shared, MemoryMode.LOW_MEMORY);
    }
}
