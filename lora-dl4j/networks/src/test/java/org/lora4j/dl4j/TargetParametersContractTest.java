/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import org.lora4j.config.LoraConfig;

/** The contract for adapters of parameters in place of modules. */
class TargetParametersContractTest extends AdaptedNetworkContractTest {

    @Override
    protected LoraConfig config() {
        return LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .targetParameters("fc1.weight", "fc2.weight")
                .build();
    }
}
