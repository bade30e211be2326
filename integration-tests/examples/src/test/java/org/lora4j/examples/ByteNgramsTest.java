/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ByteNgramsTest {

    private static final ByteNgrams MODEL =
            ByteNgrams.fit(List.of("aaa", "aab", "bbb"), List.of("x", "x", "y"), List.of("aa"), List.of("x"));

    @Test
    void label_isTheOneThatHasTheBytes() {
        assertThat(MODEL.label("AA")).isEqualTo("x");
        assertThat(MODEL.label("bb")).isEqualTo("y");
    }

    @Test
    void familiar_isTheShareOfTheNgramsThatWereLearned() {
        // "ac" has a, c and ac, of which a was learned; the two bytes of a letter beyond ASCII and both together were
        // not.
        assertThat(MODEL.familiar("ac")).isEqualTo(1.0 / 3);
        assertThat(MODEL.familiar("ж")).isZero();
        assertThat(MODEL.familiar("aab")).isEqualTo(1);
    }
}
