/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.AdaptedModelContract;

class AdaptedNetworkContractTest extends AdaptedModelContract {

    /** Another mode is another subclass. */
    MemoryMode mode() {
        return MemoryMode.IN_VIEW;
    }

    @Override
    protected AdaptedModel model() {
        return AdaptedNetwork.of(Networks.mlp(), mode());
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
        MultiLayerNetwork network = (MultiLayerNetwork) ((AdaptedNetwork<?>) adapted).network();
        return Networks.values(network.output(Networks.normal(5, 4)));
    }

    @Override
    protected AdaptedModel mergedAndUnloaded(AdaptedModel adapted) {
        return AdaptedNetwork.of((MultiLayerNetwork) ((AdaptedNetwork<?>) adapted).mergeAndUnload(), mode());
    }
}
