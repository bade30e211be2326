/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.internal.dl4j.layer.LayerKinds;

/** The contract over the tables: each kind keeps all of it, and variants of kinds what their settings reach. */
class LayerAdapterTest {

    /** Names in the layer table that DL4J gives to kinds that have a line under another one. */
    private static final Set<String> ALIASES = Set.of("Convolution1D", "Convolution2D");

    @Test
    void everyKind_hasALine() {
        assertThat(stockNames(LayerCase.kinds())).containsAll(withoutAliases(LayerKinds.names()));
        assertThat(stockNames(LayerCase.kindsWithEveryMethod()))
                .containsExactlyInAnyOrderElementsOf(withoutAliases(LayerKinds.namesWithEveryMethod()));
    }

    private static List<String> stockNames(Stream<LayerCase> cases) {
        return cases.map(one -> one.stock().get().getClass().getSimpleName()).toList();
    }

    private static List<String> withoutAliases(List<String> names) {
        return names.stream().filter(name -> !ALIASES.contains(name)).toList();
    }

    @Nested
    @ParameterizedClass(name = "{0}")
    @MethodSource("org.lora4j.dl4j.layer.LayerCase#kinds")
    class Kinds extends LayerAdapterContract {
        Kinds(LayerCase one) {
            super(one);
        }
    }

    @Nested
    @ParameterizedClass(name = "{0}")
    @MethodSource("org.lora4j.dl4j.layer.LayerCase#variants")
    class Variants extends LayerCoreContract {
        Variants(LayerCase one) {
            super(one);
        }
    }

    @Nested
    @Tag("thorough")
    @ParameterizedClass(name = "{0}")
    @MethodSource("org.lora4j.dl4j.layer.LayerCase#variants")
    class VariantsInFull extends LayerAdapterContract {
        VariantsInFull(LayerCase one) {
            super(one);
        }
    }
}
