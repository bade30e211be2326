/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.model.AdaptedModel;
import org.lora4j.model.AdaptedModelContract;
import org.nd4j.linalg.api.buffer.DataType;

class AdaptedSameDiffContractTest extends AdaptedModelContract {

    private static FormCase.Maker graph() {
        return FormCase.all().stream()
                .filter(form -> form.name.equals("x W + b"))
                .findFirst()
                .orElseThrow()
                .make(DataType.DOUBLE);
    }

    @Override
    protected AdaptedModel model() {
        return AdaptedSameDiff.of(graph().sd);
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
        return ((AdaptedSameDiff) adapted)
                .output(graph().inputs, "y")
                .get("y")
                .dup('c')
                .data()
                .asDouble();
    }

    @Override
    protected AdaptedModel mergedAndUnloaded(AdaptedModel adapted) {
        return AdaptedSameDiff.of(((AdaptedSameDiff) adapted).mergeAndUnload());
    }
}
