/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * One module of the result and the adapters that have it.
 *
 * @param path dotted path of the module
 * @param shares one entry for each adapter that adapts the module, at least one, all of the same layout
 */
record ModuleInputs(String path, List<Share> shares) {

    /**
     * What one adapter contributes.
     *
     * @param adapter its position in the list that is combined
     * @param weight its weight
     * @param factors its factors
     */
    record Share(int adapter, double weight, ModuleFactors factors) {

        /** The weight of B A. */
        double scaledWeight() {
            return weight * factors.scaling();
        }
    }

    FactorLayout layout() {
        return shares.get(0).factors().layout();
    }

    DataType type() {
        return shares.stream().anyMatch(share -> share.factors().type() == DataType.DOUBLE)
                ? DataType.DOUBLE
                : DataType.FLOAT;
    }
}
