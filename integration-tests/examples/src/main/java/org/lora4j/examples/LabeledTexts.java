/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples;

import java.util.List;
import org.lora4j.text.LabeledText;

/** The two sides of examples that have one label each. */
public final class LabeledTexts {

    private LabeledTexts() {}

    /**
     * What a model sees.
     *
     * @param examples the examples
     * @return the text of each
     */
    public static List<String> texts(List<LabeledText> examples) {
        return examples.stream().map(LabeledText::text).toList();
    }

    /**
     * What is true.
     *
     * @param examples the examples
     * @return the first label of each
     */
    public static List<String> labels(List<LabeledText> examples) {
        return examples.stream().map(example -> example.labels().get(0)).toList();
    }
}
