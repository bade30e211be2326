/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.text.LabeledText;

class ByteNgramsTest {

    private static final ByteNgrams MODEL = ByteNgrams.fit(
            List.of(new LabeledText("aaa", "x"), new LabeledText("aab", "x"), new LabeledText("bbb", "y")),
            List.of(new LabeledText("aa", "x")));

    @Test
    void predict_givesTheLabelThatHasTheBytes() {
        assertThat(MODEL.predict(List.of("AA", "bb"))).containsExactly("x", "y");
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
