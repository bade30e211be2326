/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.fit;

import java.util.BitSet;
import java.util.List;
import java.util.function.UnaryOperator;
import org.lora4j.text.LabeledText;

/**
 * What a candidate learned.
 *
 * @param labels gives a label for each text
 * @param chosen what was chosen on the way, in words
 */
record Learned(UnaryOperator<List<String>> labels, String chosen) {

    BitSet right(List<LabeledText> examples) {
        List<String> given =
                labels.apply(examples.stream().map(LabeledText::text).toList());
        BitSet right = new BitSet();
        for (int i = 0; i < given.size(); i++) {
            right.set(i, examples.get(i).labels().contains(given.get(i)));
        }
        return right;
    }
}
