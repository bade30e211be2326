/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The contract of DoRA over the tables: each kind keeps all of it, and variants of kinds what their settings reach. */
class DoraLayerTest {

    @Nested
    @ParameterizedClass(name = "{0}")
    @MethodSource("org.lora4j.dl4j.layer.LayerCase#kindsWithEveryMethod")
    class Kinds extends DoraLayerContract {
        Kinds(LayerCase one) {
            super(one);
        }
    }

    @Nested
    @ParameterizedClass(name = "{0}")
    @MethodSource("org.lora4j.dl4j.layer.LayerCase#variantsWithEveryMethod")
    class Variants extends DoraCoreContract {
        Variants(LayerCase one) {
            super(one);
        }
    }

    @Nested
    @Tag("thorough")
    @ParameterizedClass(name = "{0}")
    @MethodSource("org.lora4j.dl4j.layer.LayerCase#variantsWithEveryMethod")
    class VariantsInFull extends DoraLayerContract {
        VariantsInFull(LayerCase one) {
            super(one);
        }
    }
}
