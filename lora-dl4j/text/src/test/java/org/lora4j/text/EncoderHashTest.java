/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.adapter.BaseHashes;
import org.lora4j.trust.Receipt;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Weights of an encoder are a user's, too, who may write to them. */
class EncoderHashTest {

    @Test
    void hash_isComputedOnceForAllEncodersOverTheWeights_andAgainWhenOneOfThemChanges() throws IOException {
        try (TextEncoder encoder = TinyEncoder.create();
                TextEncoder other = encoder.withPrefixes(Prefixes.NONE)) {
            Map<String, String> before = encoder.hashes();
            long computed = BaseHashes.computed();

            assertThat(encoder.hashes()).isEqualTo(before);
            assertThat(other.hash()).isEqualTo(before.get(Receipt.BASE));
            assertThat(BaseHashes.computed()).isEqualTo(computed);

            INDArray some = encoder.weights().tensors().values().iterator().next();
            some.putScalar(0, some.getFloat(0) + 1);

            assertThat(encoder.hash()).isNotEqualTo(before.get(Receipt.BASE)).isEqualTo(other.hash());
            assertThat(BaseHashes.computed()).isEqualTo(computed + 1);
        }
    }
}
