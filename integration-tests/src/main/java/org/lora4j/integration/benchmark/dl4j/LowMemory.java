/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import java.util.Optional;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.config.LoraConfig;

/** Where the low-memory mode enters; empty answers are reported as not built. */
final class LowMemory {

    private LowMemory() {}

    /** An adapted network that holds frozen parameters outside of its view. */
    static Optional<MultiLayerNetwork> network(MultiLayerNetwork base, LoraConfig config, long seed) {
        return Optional.empty();
    }

    /** Memory of a training process over that of one that has loaded ND4J only, in bytes of the network's parameters. */
    static Optional<Double> bytesOverParameters() {
        return Optional.empty();
    }
}
