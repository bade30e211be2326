/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import org.nd4j.autodiff.samediff.SDVariable;

/** Query, key and value that one linear map computes side by side. */
final class Packed {

    private Packed() {}

    /** {@code [rows, 3 features]} as three of {@code [rows, features]}. */
    static SDVariable[] split(Layers layers, SDVariable packed, long rows, long features) {
        return layers.graph().unstack(layers.graph().reshape(packed, rows, 3, features), 1, 3);
    }
}
