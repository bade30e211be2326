/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import java.util.List;
import org.junit.jupiter.api.Tag;

/** Every method in every kind of layer that is not for LoRA alone. */
@Tag("thorough")
class MethodsInAllLayersTest extends MethodsOfAdaptationInNetworksTest {

    @Override
    protected List<String> networks() {
        return all();
    }
}
