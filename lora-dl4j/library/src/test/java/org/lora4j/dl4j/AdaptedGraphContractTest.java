/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.AdaptedModelContract;

class AdaptedGraphContractTest extends AdaptedModelContract {

    /** Another mode is another subclass. */
    MemoryMode mode() {
        return MemoryMode.IN_VIEW;
    }

    @Override
    protected AdaptedModel model() {
        return AdaptedNetwork.of(Networks.graph(), mode());
    }

    @Override
    protected LoraConfig config() {
        return LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .targetModules(ModuleSelector.allLinear())
                .build();
    }

    @Override
    protected double[] output(AdaptedModel adapted) {
        ComputationGraph network = (ComputationGraph) ((AdaptedNetwork<?>) adapted).network();
        return Networks.values(network.output(Networks.normal(5, 4))[0]);
    }

    @Override
    protected AdaptedModel mergedAndUnloaded(AdaptedModel adapted) {
        return AdaptedNetwork.of((ComputationGraph) ((AdaptedNetwork<?>) adapted).mergeAndUnload(), mode());
    }
}
