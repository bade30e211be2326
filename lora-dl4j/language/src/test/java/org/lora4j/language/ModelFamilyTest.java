/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.language.DecoderPart;

/** {@code GuideOwnFamilyTest} has what a family reads and refuses. */
class ModelFamilyTest {

    @Test
    void everyPartOfDecoders_canBeNamed() {
        assertThat(Arrays.stream(ModelFamily.Part.values()).map(Enum::name))
                .containsExactlyElementsOf(
                        Arrays.stream(DecoderPart.values()).map(Enum::name).toList());
    }
}
